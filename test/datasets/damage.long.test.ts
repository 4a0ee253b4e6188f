import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomSource } from '../../src/compute/noise';
import { DatasetError, indexRange, openDataset } from '../../src/datasets';
import { mutate } from '../../scripts/torture/mutate';
import { temporaryFolder } from '../temporary-folder';
import { cifarRecords, edmName, npyOf, pictures, writeIdxFolder, zipOf } from './files';

const place = temporaryFolder();

/** Writes one data set of each format; gives what is opened, and the files that are damaged. */
const writeDatasets = async (): Promise<{ path: string; file: string }[]> => {
  const images = await pictures(3, [5, 5, 3]);
  const entries = images.map((image, i) => [edmName(i), image] as const);
  const json = ['dataset.json', JSON.stringify({ labels: entries.map(([name], i) => [name, i]) })] as const;
  const moments = [0, 1].map(i => {
    const data = Float32Array.from({ length: 32 }, (_, k) => Math.sin(k + i));
    return [edmName(i, 'img-mean-std-', 'npy'), npyOf(data, [8, 2, 2])] as const;
  });
  writeFileSync(place('stored.zip'), await zipOf([...entries, json]));
  writeFileSync(place('deflated.zip'), await zipOf([...entries, json], { compress: true }));
  writeFileSync(place('latents.zip'), await zipOf(moments));
  mkdirSync(place('cifar'));
  writeFileSync(place('cifar', 'data_batch_1.bin'), cifarRecords(2));
  writeIdxFolder(place('mnist'), 2);
  writeIdxFolder(place('fashion'), 2, { gz: true });
  mkdirSync(place('folder'));
  images.forEach((image, i) => writeFileSync(place('folder', `${i}.png`), image));
  writeFileSync(place('folder', 'dataset.json'), JSON.stringify({ labels: images.map((_, i) => [`${i}.png`, i]) }));
  return ['stored.zip', 'deflated.zip', 'latents.zip', 'cifar', 'mnist', 'fashion', 'folder'].flatMap(name =>
    name.endsWith('.zip')
      ? [{ path: place(name), file: place(name) }]
      : readdirSync(place(name)).map(file => ({ path: place(name), file: join(place(name), file) })),
  );
};

/** What a data set is refused with; undefined when all of it could be read. Anything but a DatasetError is thrown on. */
const refusal = async (path: string): Promise<string | undefined> => {
  try {
    const dataset = await openDataset(path);
    try {
      assert.ok(dataset.length < 100_000, `${dataset.length} samples`);
      await dataset.batch(indexRange(dataset.length));
    } finally {
      await dataset.close?.();
    }
    return undefined;
  } catch (error) {
    if (error instanceof DatasetError) return error.message;
    throw error;
  }
};

test('2,000 damaged data sets are read or refused with a DatasetError, and nothing is written', async t => {
  const targets = await writeDatasets();
  const random = randomSource({ seed: 5, stream: 'damaged data sets' });
  const names = readdirSync(place(), { recursive: true });
  let [refused, slowest] = [0, 0];
  for (let i = 0; i < 2000; i++) {
    const { path, file } = targets[i % targets.length];
    const good = readFileSync(file);
    writeFileSync(file, mutate(good, random));
    const started = process.cpuUsage();
    const message = await refusal(path).catch((error: Error) => {
      error.message = `mutation ${i} of ${file}: ${error.message}`;
      throw error;
    });
    const { user, system } = process.cpuUsage(started);
    slowest = Math.max(slowest, (user + system) / 1000);
    if (message !== undefined) {
      refused++;
      assert.ok(message.includes(path), `no file named: ${message}`);
    }
    writeFileSync(file, good);
  }
  for (const { path } of targets) assert.equal(await refusal(path), undefined, path);
  assert.deepEqual(readdirSync(place(), { recursive: true }), names);
  assert.ok(refused > 1000, `${refused} of 2,000 refused only`);
  assert.ok(slowest < 1000, `one took ${slowest} ms`);
  t.diagnostic(`${refused} of 2,000 refused, slowest ${slowest.toFixed(0)} ms`);
});
