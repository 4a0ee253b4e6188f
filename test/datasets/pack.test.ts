import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  cifar10,
  cropTo,
  DatasetError,
  digits,
  edmZip,
  listPictures,
  mnist,
  packPictures,
  padded,
  picturesOfDataset,
  picturesOfFiles,
  type PictureSource,
  points,
} from '../../src/datasets';
import { openZip } from '../../src/datasets/formats/zip-archive';
import { temporaryFolder } from '../temporary-folder';
import { cifarRecords, noise, pngOf, writeIdxFolder } from './files';

const place = temporaryFolder();

/** A folder with two sub-folders of pictures of these sizes. */
const writeFolder = async (name: string, sizes: readonly (readonly [number, number, 1 | 3])[]): Promise<string> => {
  mkdirSync(place(name, 'a'), { recursive: true });
  mkdirSync(place(name, 'b'));
  for (const [i, [h, w, c]] of sizes.entries())
    writeFileSync(place(name, i % 2 ? 'b' : 'a', `${i}.png`), await pngOf(noise(h * w * c, i), h, w, c));
  return place(name);
};

test("CIFAR-10 packed and read back: same pixels, labels and order, by the reference's names", async () => {
  mkdirSync(place('cifar'));
  writeFileSync(place('cifar', 'data_batch_1.bin'), cifarRecords(150));
  const source = await cifar10(place('cifar'));
  const progress: number[] = [];
  const to = place('cifar.zip');
  const n = await packPictures(picturesOfDataset(source), to, { onProgress: done => progress.push(done) });
  assert.equal(n, 150);
  assert.deepEqual(progress, [64, 128, 150]);
  const packed = await edmZip(to, { labels: 'required' });
  assert.deepEqual([packed.sampleShape, packed.classes, packed.length], [[32, 32, 3], 10, 150]);
  const indices = [149, 0, 77, 3];
  assert.deepEqual(await packed.batch(indices), await source.batch(indices));
  const { names, read, close } = await openZip(to);
  assert.deepEqual(
    [names[0], names[149], names[150]],
    ['00000/img00000000.png', '00000/img00000149.png', 'dataset.json'],
  );
  const json = JSON.parse(Buffer.from(await read(150)).toString()) as { labels: unknown[] };
  assert.deepEqual(json.labels[149], ['00000/img00000149.png', 9]);
  for (const open of [{ close }, packed, source]) await open.close?.();
});

test('packing twice gives the same bytes', async () => {
  writeIdxFolder(place('mnist'), 3);
  const source = picturesOfDataset(padded(await mnist(place('mnist')), 2));
  for (const name of ['1.zip', '2.zip']) await packPictures(source, place(name));
  assert.ok(readFileSync(place('1.zip')).equals(readFileSync(place('2.zip'))));
  const { sampleShape, close } = await edmZip(place('1.zip'));
  assert.deepEqual(sampleShape, [32, 32, 1]);
  await close?.();
});

test('a folder of pictures of any size: cropped, resized, labelled by sub-folder', async () => {
  const folder = await writeFolder('any', [
    [20, 30, 3],
    [16, 16, 1],
    [40, 25, 3],
  ]);
  const source = picturesOfFiles(await listPictures(folder, 'folders'), { rgb: true });
  for (const transform of ['center-crop', 'center-crop-dhariwal'] as const) {
    const to = place(`${transform}.zip`);
    await packPictures(source, to, { width: 8, transform });
    const packed = await edmZip(to);
    const { x, labels } = await packed.batch([0, 1, 2]); // a/0, a/2, b/1
    assert.deepEqual([...labels], [0, 0, 1]);
    const expected = cropTo(
      { data: noise(40 * 25 * 3, 2), n: 1, h: 40, w: 25, c: 3 },
      { width: 8, height: 8, transform },
    );
    assert.deepEqual(x.slice(192, 384), expected?.data);
    await packed.close?.();
  }
});

test('center-crop-wide leaves out pictures that are too small, and their numbers', async () => {
  const folder = await writeFolder('wide', [
    [24, 32, 3],
    [4, 5, 3],
    [24, 32, 3],
  ]);
  const source = picturesOfFiles(await listPictures(folder, 'none'));
  const options = { width: 16, height: 12, transform: 'center-crop-wide' } as const;
  assert.equal(await packPictures(source, place('wide.zip'), options), 2);
  const { names, close } = await openZip(place('wide.zip'));
  assert.deepEqual(names, ['00000/img00000000.png', '00000/img00000001.png', 'dataset.json']); // a/0, a/2; b/1 is out
  await close();
  const all = packPictures(source, place('none.zip'), { ...options, width: 64, height: 48 });
  await assert.rejects(all, /no picture is large enough/);
});

test('many pictures into a folder that is not there are refused as few are, and not waited for', async () => {
  const picture = { data: noise(3072), h: 32, w: 32, c: 3 } as const;
  const many: PictureSource = {
    length: 300,
    nameOf: String,
    labels: new Int32Array(0),
    classes: 0,
    read: (_, count, make) => Promise.resolve(Array.from({ length: count }, () => make(picture))),
  };
  await assert.rejects(packPictures(many, place('no', 'folder.zip')), { code: 'ENOENT' });
});

test('what cannot be packed is refused, and nothing is left behind', async () => {
  const folder = await writeFolder('mixed', [
    [8, 8, 3],
    [9, 9, 3],
  ]);
  const files = await listPictures(folder, 'none');
  const stop = new AbortController();
  stop.abort();
  const damaged: PictureSource = { ...picturesOfFiles(files), read: () => Promise.reject(new DatasetError('damaged')) };
  const narrow = picturesOfFiles(await listPictures(await writeFolder('narrow', [[8, 9, 3]]), 'none'));
  const cases: [PictureSource, Parameters<typeof packPictures>[2], RegExp][] = [
    [
      picturesOfFiles(files),
      {},
      /'a\/0\.png' becomes \[8, 8, 3\], 'b\/1\.png' \[9, 9, 3\]; one size and kind is needed/,
    ],
    [narrow, {}, /'a\/0\.png' becomes \[8, 9, 3\]; EDM's images are square/],
    [damaged, {}, /damaged/],
    [picturesOfFiles(files), { transform: 'center-crop' }, /width must be given for center-crop, got 0/],
    [picturesOfFiles(files), { width: 8, signal: stop.signal }, /aborted/],
  ];
  const before = readdirSync(place());
  for (const [source, options, message] of cases)
    await assert.rejects(packPictures(source, place('none.zip'), options), message);
  await assert.rejects(packPictures(picturesOfFiles(files), place('no', 'folder.zip'), { width: 8 }), {
    code: 'ENOENT',
  });
  assert.deepEqual(readdirSync(place()), before);
  assert.ok(!existsSync(place('none.zip')));
  assert.throws(() => picturesOfDataset(points('twoMoons')), /twoMoons: samples of \[2\] are no pictures/);
  assert.throws(() => picturesOfDataset(digits()), /digits16: drawn data are endless/);
});
