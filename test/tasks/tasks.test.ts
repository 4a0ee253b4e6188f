import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { digits, indexRange, networkUnits, points } from '../../src/datasets';
import { mostChanged, pickImages } from '../../src/runs/images';
import { ablation, ablationRows, compareSteps, teacherAt } from '../../src/studies';
import { sha256OfWeights } from '../../src/models';
import { blockSeeds, type Draw, imageTask } from '../../src/tasks';
import { floorCache } from '../../src/tasks/task';
import { pointsTask } from '../../src/tasks/points-task';
import { temporaryFolder } from '../temporary-folder';

test('seeds of blocks are disjoint and do not depend on the number of samples', () => {
  assert.deepEqual(blockSeeds(3, 0), [0, 1, 2]);
  assert.deepEqual(blockSeeds(2, 1), [2 ** 20, 2 ** 20 + 1]);
});

test('a floor is computed once, and again where that failed', async () => {
  let calls = 0;
  const floor = floorCache((n, block) =>
    calls++ === 0 ? Promise.reject(new Error('stopped')) : Promise.resolve(n + block),
  );
  await assert.rejects(floor(3, 1), /stopped/);
  assert.deepEqual([await floor(3, 1), await floor(3, 1), calls], [4, 4, 2]);
});

test('a floor that one caller stops is there for the others who wait for it', async () => {
  const floor = floorCache(
    (n, block, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
        if (signal === undefined) resolve(n + block);
      }),
  );
  const stop = new AbortController();
  const [stopped, waiting] = [floor(3, 1, stop.signal), floor(3, 1)];
  stop.abort(new Error('stopped'));
  await assert.rejects(stopped, /stopped/);
  assert.equal(await waiting, 4);
});

test('points: real points measure near the floor, shifted ones near their shift; nothing leaks', async () => {
  await selectBackend({ backend: 'wasm' });
  const before = tf.memory().numTensors;
  const task = await pointsTask();
  assert.equal(task.identity.start, await sha256OfWeights(task.start.parameters));
  assert.equal(task.identity.data, JSON.stringify(task.dataset.provenance));
  const real = points('checkerboard', { seed: 9, split: 'test' });
  const shifted =
    (by: number): Draw =>
    async ({ seeds }) => {
      const x = networkUnits((await real.batch(seeds)).x);
      return { data: x.map(v => v + by), n: seeds.length, shape: [2] };
    };
  const at = await task.measure(shifted(0), { n: 1000, block: 0 });
  assert.ok(at.value < 3 * at.floor && at.floor < 0.06, `${at.value}, floor ${at.floor}`);
  assert.ok(at.onMode! > 0.99 && at.covered === 18);
  const off = await task.measure(shifted(0.5), { n: 1000, block: 0 }); // |(0.5, 0.5)| / sqrt(2)
  assert.ok(Math.abs(off.value - 0.5) < 0.06, String(off.value));
  task.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('the exact teacher of the points reaches the floor in many steps', async () => {
  await selectBackend({ backend: 'wasm' });
  const task = await pointsTask();
  const [few, many] = await compareSteps(task, teacherAt(task, [3, 35]), { n: 500, blocks: 1 });
  assert.ok(many.value < 2.5 * many.floor && many.onMode! > 0.95, JSON.stringify(many));
  assert.ok(few.value > 5 * many.value);
  task.dispose();
});

test('digits: real digits of the asked classes measure near the floor, noise far from it', async () => {
  await selectBackend({ backend: 'wasm' });
  const task = await imageTask({ reference: 300 });
  const test = digits({ seed: 5, split: 'test' });
  const pool = await test.batch(indexRange(1500));
  const pixels = networkUnits(pool.x);
  const real: Draw = ({ seeds, labels = [] }) => {
    const used = new Set<number>();
    const data = new Float32Array(seeds.length * 256);
    labels.forEach((label, k) => {
      const i = pool.labels.findIndex((other, j) => other === label && !used.has(j));
      used.add(i);
      data.set(pixels.subarray(i * 256, (i + 1) * 256), k * 256);
    });
    return Promise.resolve({ data, n: seeds.length, shape: [16, 16, 1] });
  };
  const good = await task.measure(real, { n: 200, block: 0 });
  assert.ok(good.accuracy! > 0.97, `accuracy ${good.accuracy}`);
  assert.ok(good.value < 3 * good.floor, `${good.value}, floor ${good.floor}`);
  const noise: Draw = ({ seeds }) =>
    Promise.resolve({
      data: Float32Array.from({ length: seeds.length * 256 }, (_, i) => Math.sin(i * i)),
      n: seeds.length,
      shape: [16, 16, 1],
    });
  assert.ok((await task.measure(noise, { n: 200, block: 0 })).value > 10 * good.value);
  await task.dispose();
});

test('the ablation trains every strength and seed, reports alpha, lambda, coef and beta, and comes from the cache the second time', async () => {
  await selectBackend({ backend: 'wasm' });
  const folder = temporaryFolder()();
  const task = await pointsTask();
  const options = {
    coefs: [0.5, 1],
    alpha: 1.2,
    seeds: [0, 1],
    evaluateAt: [16, 32],
    steps: 1,
    n: 100,
    run: { batch: 16 },
    kept: 5,
  };
  const { points: first, drawn } = await ablation(task, options, folder);
  assert.equal(first.length, 8);
  assert.notEqual(first[0].value, first.find(p => p.coef === 1 && p.seed === 0 && p.images === 16)?.value);
  const idle = { ...task, measure: () => assert.fail('measured again') };
  assert.deepEqual(await ablation(idle, options, folder), { points: first, drawn });
  assert.deepEqual(
    drawn.map(({ coef, images, samples }) => [coef, images, samples.n, samples.data.length]),
    [0.5, 1].flatMap(coef => [16, 32].map(images => [coef, images, 5, 10])),
  );
  const [row] = ablationRows(first, 1.2);
  assert.deepEqual([row.alpha, row.coef, row.beta], [1.2, 0.5, 1]);
  assert.ok(Math.abs((row.lambda as number) + 0.58333) < 1e-4);
  assert.equal((row['32 images'] as number[]).length, 2);
  task.dispose();
});

test('the most changed images come first', () => {
  const a = { data: new Float32Array(6), n: 3, shape: [1, 2, 1] };
  const b = { ...a, data: Float32Array.from([0.1, 0, 1, 1, 0, 0]) };
  assert.deepEqual(mostChanged(a, b), [1, 0, 2]);
  const picked = { data: Float32Array.from([1, 1, 0.1, 0]), n: 2, shape: [1, 2, 1] };
  assert.deepEqual(pickImages(b, [1, 0]), picked);
  assert.throws(() => mostChanged(a, picked), /b must be of shape \[3, 1, 2, 1\], got \[2,1,2,1\]/);
});
