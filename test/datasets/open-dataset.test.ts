import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DatasetError, fetchedFolder, openDataset, type OpenDatasetOptions } from '../../src/datasets';
import { setEnvironment } from '../environment';
import { temporaryFolder } from '../temporary-folder';
import { cifarRecords, edmName, npyOf, pictures, writeIdxFolder, zipOf } from './files';

const place = temporaryFolder();
setEnvironment({ COSIM_CACHE: place('cache') });

/** Name, shape and length of what was opened. */
const opened = async (text: string, options: OpenDatasetOptions = {}): Promise<unknown[]> => {
  const { name, sampleShape, length, close } = await openDataset(text, options);
  await close?.();
  return [name, sampleShape, length];
};

const refused = (text: string, message: RegExp, options: OpenDatasetOptions = {}): Promise<void> =>
  assert.rejects(openDataset(text, options), (error: Error) => {
    assert.ok(error instanceof DatasetError, error.stack);
    assert.match(error.message, message);
    return true;
  });

test('drawn data by name', async () => {
  assert.deepEqual(await opened('digits'), ['digits16', [16, 16, 1], Infinity]);
  assert.deepEqual(await opened('twoMoons', { split: 'test' }), ['twoMoons', [2], Infinity]);
});

test('fetched data by name from the cache, or what to do', async () => {
  await refused(
    'cifar10',
    /cifar10 has not been fetched: there is no folder .*cifar-10-batches-bin\. 'cosim data fetch cifar10'/,
  );
  mkdirSync(fetchedFolder('cifar10'), { recursive: true });
  writeFileSync(`${fetchedFolder('cifar10')}/data_batch_1.bin`, cifarRecords(3));
  writeIdxFolder(fetchedFolder('fashion-mnist'), 4, { gz: true });
  assert.deepEqual(await opened('cifar10'), ['cifar10', [32, 32, 3], 3]);
  assert.deepEqual(await opened('fashion-mnist'), ['fashion-mnist', [28, 28, 1], 4]);
});

test('files and folders by what is in them', async () => {
  const images = await pictures(2, [4, 4, 3]);
  writeIdxFolder(place('idx'), 2);
  writeIdxFolder(place('my-fashion'), 2, { prefix: 't10k' });
  mkdirSync(place('images', 'cat'), { recursive: true });
  writeFileSync(place('images', 'cat', '1.png'), images[0]);
  writeFileSync(place('edm.zip'), await zipOf(images.map((image, i) => [edmName(i), image] as const)));
  writeFileSync(
    place('edm2.zip'),
    await zipOf([[edmName(0, 'img-mean-std-', 'npy'), npyOf(new Float32Array(32), [8, 2, 2])]]),
  );
  const cases: [string, OpenDatasetOptions, unknown[]][] = [
    ['idx', {}, ['mnist', [28, 28, 1], 2]],
    ['my-fashion', { split: 'test' }, ['fashion-mnist', [28, 28, 1], 2]],
    ['images', { labels: 'folders' }, ['images', [4, 4, 3], 1]],
    ['edm.zip', {}, ['edm', [4, 4, 3], 2]],
    ['edm2.zip', {}, ['edm2', [2, 2, 4], 1]],
    ['cache/cifar10', {}, ['cifar10', [32, 32, 3], 3]],
    ['cache/cifar10/cifar-10-batches-bin', {}, ['cifar10', [32, 32, 3], 3]],
  ];
  for (const [name, options, expected] of cases) assert.deepEqual(await opened(place(name), options), expected, name);
  await refused(place('edm.zip'), /edm\.zip: images of one part/, { split: 'test' });
  await refused(place('images'), /images: images of one part/, { split: 'test' });
  for (const name of ['digits', 'twoMoons', 'cifar10', place('idx'), place('cache/cifar10')]) {
    await refused(name, /: labels is an option of zip files and folders of images, got 'none'/, { labels: 'none' });
    await refused(name, /: rgb is an option of folders of images/, { rgb: true });
  }
  for (const name of ['edm.zip', 'edm2.zip']) await refused(place(name), /: rgb is an option of fold/, { rgb: true });
  await refused(place('edm2.zip'), /labels by sub-folder are for images, not for latents/, { labels: 'folders' });
});

test('anything else is refused with what was looked for', async () => {
  mkdirSync(place('empty'));
  writeFileSync(place('text.txt'), 'text');
  await refused('cifar', /'cifar' is no data set: neither one of digits, cifar10, mnist, fashion-mnist, .* nor a file/);
  await refused(
    place('empty'),
    /empty: no data set\. Looked for CIFAR-10's data_batch_1\.bin .* and PNG, JPEG and WebP/,
  );
  await refused(place('text.txt'), /text\.txt: not a zip file/);
  assert.equal((await openDataset('digits', { labels: 'required' })).classes, 10);
  await assert.rejects(openDataset('checkerboard', { labels: 'required' }), /labels is an option of zip files/);
  const labels = 'nonsense' as 'none';
  await assert.rejects(openDataset('digits', { labels }), /labels must be one of 'optional', 'required', 'none', 'fol/);
  await assert.rejects(openDataset('digits', { split: 'valid' as 'test' }), /split must be one of 'train', 'test'/);
});
