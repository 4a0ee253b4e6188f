/* Files as people have them: packed on other systems, printed in four inks, pipes among pictures. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DatasetError, edmZip, imageFolder, latents, openDataset, picturesOfZip } from '../../src/datasets';
import { decodePicture } from '../../src/datasets/pictures/picture';
import { cosim } from '../command-line/commands';
import { temporaryFolder } from '../temporary-folder';
import { noise, npyOf, pngOf, zipOf } from './files';

const place = temporaryFolder();
const fixture = (...names: string[]): string => join(__dirname, '..', 'fixtures', 'datasets', 'people', ...names);

const png = (seed: number, side = 8): Promise<Uint8Array> => pngOf(noise(side * side * 3, seed), side, side, 3);

const make = async (...args: string[]): Promise<void> => {
  const { code, err } = await cosim('data', 'make', ...args);
  assert.equal(code, 0, err);
};

const writeZip = async (path: string, files: Parameters<typeof zipOf>[0]): Promise<void> =>
  writeFileSync(path, await zipOf(files, { compress: true }));

test('what macOS adds to a zip file is no picture', async () => {
  const dataset = await edmZip(fixture('macos.zip'));
  assert.equal(dataset.length, 4);
  await dataset.batch([0, 1, 2, 3]);
  await dataset.close?.();
});

test('names with backslashes, as PowerShell 5 writes them, are paths', async () => {
  const dataset = await edmZip(fixture('backslash.zip'), { labels: 'folders' });
  assert.deepEqual([dataset.length, dataset.classes], [4, 1]);
  await dataset.close?.();
});

test('CMYK becomes RGB as Pillow makes it, to the last bit', async () => {
  for (const i of [0, 1, 2]) {
    const got = await decodePicture(readFileSync(fixture('cmyk', `p${i}.jpg`)), `p${i}`);
    const wanted = await decodePicture(readFileSync(fixture('cmyk', `pillow-p${i}.png`)), `pillow ${i}`);
    assert.deepEqual([...got.data], [...wanted.data], `picture ${i}`);
  }
});

test('a zip file of pictures of several sizes and kinds is packed as a folder of them is', async () => {
  for (const [name, n] of [
    ['z-size.zip', 2],
    ['z-grey-mix.zip', 2],
    ['z-alpha.zip', 2],
  ] as const) {
    const to = place(`made-${name}`);
    await make(fixture(name), to, '--resolution', '4', '--transform', 'center-crop');
    const made = await edmZip(to);
    assert.deepEqual([made.length, made.sampleShape], [n, [4, 4, 3]], name);
    await made.close?.();
  }
});

test('--labels is heeded whatever the case of .ZIP', async () => {
  const classes: number[] = [];
  for (const labels of ['none', 'optional']) {
    const to = place(`upper-${labels}.zip`);
    await make(fixture('D.ZIP'), to, '--labels', labels);
    const made = await edmZip(to);
    classes.push(made.classes);
    await made.close?.();
  }
  assert.deepEqual(classes, [0, 10]);
});

test('labels that are swapped change what a folder is known by', async () => {
  const folder = place('swapped');
  mkdirSync(folder);
  for (const i of [0, 1]) writeFileSync(join(folder, `${i}.png`), await png(i));
  const known = async (labels: unknown): Promise<unknown> => {
    writeFileSync(join(folder, 'dataset.json'), JSON.stringify({ labels }));
    return (await imageFolder(folder)).provenance;
  };
  const [a, b] = [
    await known([
      ['0.png', 0],
      ['1.png', 1],
    ]),
    await known([
      ['0.png', 1],
      ['1.png', 0],
    ]),
  ];
  assert.notDeepEqual(a, b);
});

test('a pipe or an endless device among the pictures, or as the file itself, is named and not waited for', async () => {
  const folder = place('pipes');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.png'), await png(1));
  execFileSync('mkfifo', [join(folder, 'b.png')]);
  await assert.rejects(imageFolder(folder), /b\.png: no regular file/);
  await assert.rejects(openDataset(join(folder, 'b.png')), /b\.png: no regular file/);
  const endless = place('endless');
  mkdirSync(endless);
  writeFileSync(join(endless, 'a.png'), await png(1));
  symlinkSync('/dev/zero', join(endless, 'dataset.json'));
  await assert.rejects(imageFolder(endless), /dataset\.json: no regular file/);
});

test('labels that would fill the memory are refused before they are read', async () => {
  const picture = ['a.png', await png(1)] as const;
  const cases: [string, string, RegExp][] = [
    ['spaces', `{"labels":[${' '.repeat(2 ** 25)}]}`, /dataset\.json has \d+ bytes for 1 samples; \d+ are the limit/],
    ['deep', `{"labels":${'['.repeat(1e6)}${']'.repeat(1e6)}}`, /brackets deeper than 8/],
  ];
  for (const [name, text, expected] of cases) {
    const path = place(`${name}.zip`);
    await writeZip(path, [picture, ['dataset.json', Buffer.from(text)]]);
    await assert.rejects(edmZip(path), (error: Error) => error instanceof DatasetError && expected.test(error.message));
    const unlabelled = await edmZip(path, { labels: 'none' }); // what is not asked for is not read
    assert.equal(unlabelled.length, 1);
    await unlabelled.close?.();
  }
});

test('brackets inside a name are no depth', async () => {
  const path = place('brackets.zip');
  await writeZip(path, [
    ['[[[[[[[[[[.png', await png(1)],
    ['dataset.json', Buffer.from(JSON.stringify({ labels: [['[[[[[[[[[[.png', 3]] }))],
  ]);
  const dataset = await edmZip(path);
  assert.equal(dataset.classes, 4);
  await dataset.close?.();
});

test('samples too large for a batch are refused by their header', async () => {
  const path = place('large.zip');
  await writeZip(path, [['a.png', await pngOf(new Uint8Array(5000 * 5000), 5000, 5000, 1)]]);
  await assert.rejects(edmZip(path), /samples of \[5000, 5000, 1\] have 25000000 numbers/);
  const source = await picturesOfZip(path); // to be made smaller it can be read
  assert.deepEqual(await source.read(0, 1, ({ h, w, c }) => [h, w, c]), [[5000, 5000, 1]]);
  await source.close?.();
});

test('latents that are not finite are named', async () => {
  const path = place('nan.zip');
  const values = new Float32Array(8 * 4 * 4).fill(0.5);
  values[17] = NaN;
  await writeZip(path, [['a.npy', npyOf(values, [8, 4, 4])]]);
  await assert.rejects(latents(path), /'a\.npy': number 17 is NaN; finite ones were expected/);
});
