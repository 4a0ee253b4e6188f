import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { DatasetError, imageFolder, type ImageFolderOptions } from '../../src/datasets';
import { temporaryFolder } from '../temporary-folder';
import { noise, pictures, pngOf } from './files';

const place = temporaryFolder();

const write = (folder: string, files: Record<string, Uint8Array | string>): string => {
  for (const [name, bytes] of Object.entries(files)) {
    const path = place(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  return place(folder);
};

const refused = (folder: string, message: RegExp, options: ImageFolderOptions = {}): Promise<void> =>
  assert.rejects(imageFolder(folder, options), (error: Error) => {
    assert.ok(error instanceof DatasetError, error.stack);
    assert.match(error.message, message);
    return true;
  });

test('images of a folder and its sub-folders, sorted by name; other and hidden files are passed over', async () => {
  const [a, b, c] = await pictures(3, [5, 4, 3]);
  const folder = write('plain', { 'b/2.PNG': c, 'a/10.png': a, 'a/9.png': b, 'notes.txt': 'x', 'a/._10.png': 'x' });
  const dataset = await imageFolder(folder);
  assert.deepEqual([dataset.name, dataset.sampleShape, dataset.classes, dataset.length], ['plain', [5, 4, 3], 0, 3]);
  const { x, labels } = await dataset.batch([0, 1, 2, 0]);
  assert.deepEqual(
    [...x],
    [0, 1, 2, 0].flatMap(i => [...noise(60, i)]),
  ); // a/10.png, a/9.png, b/2.PNG
  assert.equal(labels.length, 0);
  assert.match(String(dataset.provenance.sha256), /^[0-9a-f]{64}$/);
});

test('labels by sub-folder, or from dataset.json', async () => {
  const [a, b, c] = await pictures(3, [4, 4, 1]);
  const files = { 'dog/1.png': a, 'cat/1.png': b, 'cat/x/2.png': c };
  const folder = write('labelled', files);
  const dataset = await imageFolder(folder, { labels: 'folders' });
  assert.equal(dataset.classes, 2);
  assert.deepEqual([...(await dataset.batch([0, 1, 2])).labels], [0, 0, 1]); // cat, cat, dog
  await refused(folder, /dataset\.json: labels were asked for, but it is not there/, { labels: 'required' });
  const pairs = Object.keys(files).map((name, i) => [name, i]);
  write('labelled', { 'dataset.json': JSON.stringify({ labels: pairs }) });
  const listed = await imageFolder(folder);
  assert.deepEqual([...(await listed.batch([0, 1, 2])).labels], [1, 2, 0]);
  write('labelled', { 'top.png': a });
  await refused(folder, /'top\.png' lies in no sub-folder/, { labels: 'folders' });
  await refused(folder, /no label for 'top\.png'/);
});

test("grey, alpha and RGB pictures become one kind on request, as Pillow's convert does", async () => {
  const grey = noise(16);
  const rgba = noise(64, 1);
  const folder = write('kinds', {
    '0.png': await pngOf(grey, 4, 4, 1),
    '1.png': await pngOf(rgba, 4, 4, 4),
  });
  const dataset = await imageFolder(folder, { rgb: true });
  assert.deepEqual(dataset.sampleShape, [4, 4, 3]);
  const { x } = await dataset.batch([0, 1]);
  assert.deepEqual(
    [...x.subarray(0, 48)],
    [...grey].flatMap(value => [value, value, value]),
  );
  assert.deepEqual(
    [...x.subarray(48)],
    [...rgba].filter((_, i) => i % 4 < 3),
  );
});

test('JPEG and WebP pictures are read as they lie in the file', async () => {
  const red = new Uint8Array(8 * 16 * 3).map((_, i) => (i % 3 === 0 ? 254 : 0));
  const image = sharp(red, { raw: { width: 16, height: 8, channels: 3 } });
  const turned = (await image.clone().jpeg({ quality: 100 }).withMetadata({ orientation: 6 }).toBuffer()) as Uint8Array;
  const webp = (await image.clone().webp({ lossless: true }).toBuffer()) as Uint8Array;
  const dataset = await imageFolder(write('formats', { 'a.jpg': turned, 'b.webp': webp }));
  assert.deepEqual(dataset.sampleShape, [8, 16, 3]); // not turned
  const { x } = await dataset.batch([0, 1]);
  assert.deepEqual([...x.subarray(384)], [...red]);
  assert.ok(red.every((value, i) => Math.abs(value - x[i]) <= 1));
});

test('two sizes, no images and damaged ones are refused by name', async () => {
  const [a] = await pictures(1, [4, 4, 3]);
  const other = await pngOf(noise(60), 4, 5, 3);
  const mixed = write('mixed', { 'a.png': a, 'b.png': a, 'c.png': other });
  await refused(
    mixed,
    /mixed: 'a\.png' has \[4, 4, 3\], 'c\.png' \[4, 5, 3\]; cosim data make brings images to one size/,
  );
  const alpha = await pngOf(noise(64), 4, 4, 4);
  await refused(write('alpha', { 'a.png': a, 'b.png': alpha }), /b\.png: has an alpha channel/);
  await refused(write('none', { 'a.txt': 'x' }), /none: no PNG, JPEG or WebP image in it/);
  await refused(
    write('text', { 'a.png': 'text' }),
    /a\.png: neither a PNG, JPEG nor WebP file; it begins with 74657874/,
  );
  await refused(write('jpeg', { 'a.jpg': Buffer.from('ffd8ffe000104a46', 'hex') }), /a\.jpg: a damaged picture/);
  const cut = await imageFolder(write('cut', { 'a.png': a.subarray(0, 60) }));
  await assert.rejects(cut.batch([0]), /a\.png: a damaged picture/);
  await assert.rejects(imageFolder(place('nowhere')), { code: 'ENOENT' });
});
