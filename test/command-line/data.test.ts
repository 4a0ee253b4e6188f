import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { edmZip, fetchedFolder } from '../../src/datasets';
import { cifarRecords, noise, pngOf, writeIdxFolder } from '../datasets/files';
import { setEnvironment } from '../environment';
import { temporaryFolder } from '../temporary-folder';
import { cosim } from './commands';

const file = temporaryFolder();
setEnvironment({ COSIM_CACHE: file('cache') });

test('data has three commands, each with examples', async () => {
  const { out } = await cosim('data', '--help');
  for (const name of ['fetch', 'make', 'info']) {
    assert.match(out, new RegExp(`^  ${name} `, 'm'));
    const help = await cosim('data', name, '--help');
    assert.equal(help.code, 0);
    assert.match(help.out, new RegExp(`\\$ cosim data ${name} `));
  }
  assert.equal((await cosim('data', 'fetch', 'imagenet')).code, 2);
  assert.equal((await cosim('data', 'info')).code, 2);
});

test('data info: counts, means and where the data come from', async () => {
  mkdirSync(fetchedFolder('cifar10'), { recursive: true });
  const black = cifarRecords(12).map((byte, i) => (i % 3073 === 0 ? byte : 51));
  writeFileSync(`${fetchedFolder('cifar10')}/test_batch.bin`, black);
  const { code, out } = await cosim('data', 'info', 'cifar10', '--split', 'test');
  assert.equal(code, 0);
  assert.match(out, /^samples +12$/m);
  assert.match(out, /^counts +2, 2, 1, 1, 1, 1, 1, 1, 1, 1$/m);
  assert.match(out, /^mean +0\.2000, 0\.2000, 0\.2000$/m);
  assert.match(out, /^deviation +0\.0000, 0\.0000, 0\.0000$/m);
  assert.match(out, /^sha256 +[0-9a-f]{64}$/m);
  const drawn = JSON.parse((await cosim('data', 'info', 'digits', '--limit', '20', '--json')).out) as Record<
    string,
    unknown
  >;
  assert.deepEqual([drawn.n, drawn.length, drawn.classes], [20, { $number: 'Infinity' }, 10]);
  const missing = await cosim('data', 'info', 'mnist');
  assert.equal(missing.code, 1);
  assert.match(
    missing.err,
    /^cosim: mnist has not been fetched: there is no folder .* 'cosim data fetch mnist' fetches it/,
  );
});

test('data make: a data set and a folder of pictures, cropped', async () => {
  writeIdxFolder(file('mnist'), 3);
  const made = await cosim('data', 'make', file('mnist'), file('mnist.zip'));
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /mnist\.zip: 3 pictures, 10 classes, [\d,]+ bytes, padded to 32 x 32, as EDM's tool does\n$/);
  mkdirSync(file('pictures/cat'), { recursive: true });
  mkdirSync(file('pictures/dog'));
  writeFileSync(file('pictures/cat/1.png'), await pngOf(noise(600), 10, 20, 3));
  writeFileSync(file('pictures/dog/2.png'), await pngOf(noise(256), 16, 16, 1));
  const args = ['data', 'make', file('pictures'), file('pictures.zip'), '--labels', 'folders'];
  const unlabelled = await cosim('data', 'make', file('pictures'), file('pictures.zip'), '--labels', 'required');
  assert.match(unlabelled.err, /dataset\.json: labels were asked for, but it is not there/);
  const uneven = await cosim(...args);
  assert.match(uneven.err, /'cat\/1\.png' becomes \[10, 20, 3\]; EDM's images are square/);
  assert.ok(!existsSync(file('pictures.zip')));
  const cropped = await cosim(...args, '--resolution', '8', '--transform', 'center-crop');
  assert.match(cropped.out, /pictures\.zip: 2 pictures, 2 classes/);
  const { sampleShape, close } = await edmZip(file('pictures.zip'));
  assert.deepEqual(sampleShape, [8, 8, 3]);
  await close?.();
});

test('data make refuses what it cannot do, and leaves files alone', async () => {
  writeFileSync(file('there.zip'), 'mine');
  mkdirSync(file('empty'));
  const attempts: [string[], number, RegExp][] = [
    [[file('empty'), file('x.png')], 2, /<dest> must end with \.zip/],
    [['digits', file('there.zip')], 2, /is there already; --force replaces it/],
    [['digits', file('x.zip')], 1, /drawn data are endless/],
    [[file('empty'), file('x.zip')], 1, /empty: no PNG, JPEG or WebP image in it/],
    [['nothing', file('x.zip')], 2, /<source>: unknown data set, and no file, 'nothing'/],
    [['nothing', file('nowhere/x.zip')], 2, /<dest>: \S+x\.zip cannot be written: there is no folder/],
    [['cifar10', file('x.zip'), '--transform', 'center-crop'], 2, /--transform needs --resolution/],
    [
      ['cifar10', file('x.zip'), '--resolution', '8 x 8'],
      2,
      /--resolution must be a size such as 64 or 512x384, got '8 x 8'/,
    ],
  ];
  for (const [args, code, message] of attempts) {
    const result = await cosim('data', 'make', ...args);
    assert.equal(result.code, code, args.join(' '));
    assert.match(result.err, message);
  }
});

test('data fetch: licence shown, and a file by hand that is another is refused', async () => {
  writeFileSync(file('mine.tar.gz'), 'text');
  const { code, err } = await cosim('data', 'fetch', 'cifar10', '--from', file('mine.tar.gz'));
  assert.equal(code, 1);
  assert.match(err, /^CIFAR-10, binary version \(Krizhevsky 2009\)\nlicence: none stated/);
  assert.match(err, /mine\.tar\.gz: not the published file, whose SHA-256 is c4a38c50/);
});
