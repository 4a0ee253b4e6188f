import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { dispose } from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { loadGenerator } from '../../src/models';
import { type SamplingTimesOptions, samplingTimesStudy } from '../../src/studies';
import { tinyTask } from '../tasks/tiny-task';
import { withFolder } from '../temporary-folder';

before(() => selectBackend({ backend: 'wasm' }));

const options: SamplingTimesOptions = {
  method: { kind: 'cosim' },
  run: { batch: 4, engine: 'eager' },
  images: 8,
  seeds: [0, 1],
  steps: [2],
  scales: [0.5, 1, 2],
  rounds: 1,
  searchN: 6,
  n: 5,
  blocks: 2,
};

test('each generator is searched on seeds of its own, measured on others, and keeps what was found', async () => {
  await withFolder(async dir => {
    const [folder, generators] = [join(dir, 'results'), join(dir, 'generators')];
    const task = tinyTask();
    const shares: number[] = [];
    const study = await samplingTimesStudy(
      task,
      options,
      { folder, generators },
      { onProgress: done => shares.push(done) },
    );
    for (const seed of options.seeds) {
      const own = study.points.filter(point => point.seed === seed);
      assert.deepEqual(
        own.map(({ grid, block }) => [grid, block]),
        ['edm', 'published', 'task', 'searched'].flatMap(grid => [0, 1].map(block => [grid, block])),
      );
      const start = study.landscape.find(entry => entry.seed === seed && entry.round === 0)!;
      assert.deepEqual(start.times, own[0].times);
    }
    const searched = task.measured.filter(({ n }) => n === options.searchN).map(({ block }) => block);
    const measured = task.measured.filter(({ n }) => n === options.n).map(({ block }) => block);
    assert.ok(searched.every(block => !measured.includes(block)));
    assert.deepEqual([...new Set(measured)], [0, 1]);
    assert.ok(shares.every((share, i) => i === 0 || share >= shares[i - 1]) && shares.at(-1)! <= 2);

    const found = study.points.filter(({ grid, block }) => grid === 'searched' && block === 0);
    const stored: (readonly number[])[] = [];
    for (const name of await readdir(generators)) {
      const generator = await loadGenerator(join(generators, name));
      stored.push(generator.times[2]);
      dispose(generator.parameters);
    }
    assert.deepEqual(stored.sort(), found.map(({ times }) => times).sort());

    const calls = task.measured.length;
    assert.deepEqual(await samplingTimesStudy(task, options, { folder, generators }), study);
    assert.equal(task.measured.length, calls);
    task.dispose();
  });
});

test('stopped in the search it has no result of that generator, and goes on with the trained one', async () => {
  await withFolder(async dir => {
    const folders = { folder: join(dir, 'results'), generators: join(dir, 'generators') };
    const task = tinyTask();
    const stop = new AbortController();
    const half = await samplingTimesStudy(task, { ...options, seeds: [0] }, folders, {
      signal: stop.signal,
      onProgress: (_done, _total, label) => label.includes('search') && stop.abort(new Error('stop')),
    });
    assert.deepEqual(half, { points: [], landscape: [] });
    const labels: string[] = [];
    await samplingTimesStudy(task, { ...options, seeds: [0] }, folders, {
      onProgress: (_d, _t, label) => labels.push(label),
    });
    assert.ok(labels.length > 0 && labels.every(label => !label.includes('training')));
    task.dispose();
  });
});
