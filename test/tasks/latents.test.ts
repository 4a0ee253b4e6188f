import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { digits, indexRange, networkUnits } from '../../src/datasets';
import {
  AUTOENCODER_FILES,
  latentDigits,
  loadAutoencoder,
  shippedAutoencoder,
  trainAutoencoder,
} from '../../src/models';
import { guidanceCurve } from '../../src/studies';
import { guidedTeacher } from '../../src/studies/guidance-study';
import { type Draw, latentsTasks } from '../../src/tasks';
import { temporaryFolder } from '../temporary-folder';

const folder = temporaryFolder();
after(dismissWorkers);

const drawn = async (n: number) => {
  const { x } = await digits({ seed: 3, split: 'test', resolution: 32 }).batch(indexRange(n));
  return { data: networkUnits(x), n, shape: [32, 32, 1] };
};

const card = JSON.parse(readFileSync(AUTOENCODER_FILES.card, 'utf8')) as Record<
  'weights' | 'encoder' | 'decoder',
  { file: string; sha256: string }
> & { test: { meanSquareError: number } };

test("the autoencoder's ONNX files and its weights on TensorFlow.js are the same function; files are those of the card", async () => {
  await selectBackend({ backend: 'wasm' });
  for (const part of ['weights', 'encoder', 'decoder'] as const)
    assert.equal(createHash('sha256').update(readFileSync(AUTOENCODER_FILES[part])).digest('hex'), card[part].sha256);
  const before = tf.memory().numTensors;
  const [onnx, eager] = [shippedAutoencoder('onnx'), shippedAutoencoder('eager')];
  const images = await drawn(5);
  const [a, b] = [await onnx.encode!(images), await eager.encode!(images)];
  assert.deepEqual(
    [a.shape, b.shape],
    [
      [8, 8, 4],
      [8, 8, 4],
    ],
  );
  a.data.forEach((v, i) => assert.ok(Math.abs(v - b.data[i]) < 1e-5));
  const [c, d] = [await onnx.decode(a), await eager.decode(a)];
  c.data.forEach((v, i) => assert.ok(Math.abs(v - d.data[i]) < 1e-5));
  const error = images.data.reduce((sum, v, i) => sum + (v - c.data[i]) ** 2, 0) / images.data.length;
  assert.ok(error < 2 * card.test.meanSquareError, String(error)); // five other digits
  await onnx.close();
  await eager.close();
  assert.equal(tf.memory().numTensors, before);
});

test('latents of digits have mean 0 and deviation 0.5 a channel, and are the same in any batch', async () => {
  const dataset = latentDigits();
  const { x, labels } = await dataset.batch(indexRange(300));
  assert.deepEqual([dataset.sampleShape, dataset.classes, dataset.length], [[8, 8, 4], 10, Infinity]);
  for (let c = 0; c < 4; c++) {
    const own = [...(x as Float32Array)].filter((_, i) => i % 4 === c);
    const mean = own.reduce((sum, v) => sum + v, 0) / own.length;
    const deviation = Math.sqrt(own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / own.length);
    assert.ok(Math.abs(mean) < 0.05 && Math.abs(deviation - 0.5) < 0.05, `${mean}, ${deviation}`);
  }
  const again = latentDigits();
  const one = await again.batch([217]);
  assert.deepEqual([...one.x], [...x.subarray(217 * 256, 218 * 256)]);
  assert.equal(one.labels[0], labels[217]);
  await dataset.close!();
  await again.close!();
});

test('an autoencoder that is neither shipped nor a file is refused', async () => {
  await assert.rejects(loadAutoencoder('digit'), /unknown autoencoder, and no file, 'digit'.*Did you mean 'digits'/);
});

test('real latents measure near the floor, latents of another class are found out, noise is far; guidance 1 asks no guide', async () => {
  await selectBackend({ backend: 'wasm' });
  const { tasks, dispose } = await latentsTasks({ teachers: ['latents-s'], reference: 300 });
  const [task] = tasks;
  assert.deepEqual([task.size, task.dataset.name], ['S', 'digits32-latents']);
  assert.equal(task.identity.data, JSON.stringify(task.dataset.provenance));
  const pool = latentDigits({ seed: 5, split: 'test' });
  const { x, labels: classes } = await pool.batch(indexRange(1200));
  /** Real latents of each label, or of the class behind it. */
  const real =
    (shift: number): Draw =>
    ({ seeds, labels = [] }) => {
      const used = new Set<number>();
      const data = new Float32Array(seeds.length * 256);
      labels.forEach((label, k) => {
        const i = classes.findIndex((other, j) => other === (label + shift) % 10 && !used.has(j));
        used.add(i);
        data.set(x.subarray(i * 256, (i + 1) * 256), k * 256);
      });
      return Promise.resolve({ data, n: seeds.length, shape: [8, 8, 4] });
    };
  const good = await task.measure(real(0), { n: 150, block: 0 });
  assert.ok(good.accuracy! > 0.96, `accuracy ${good.accuracy}`);
  assert.ok(good.value < 3 * good.floor && good.nReference === 300, `${good.value}, floor ${good.floor}`);
  const shifted = await task.measure(real(1), { n: 150, block: 0 });
  assert.ok(shifted.accuracy! < 0.1 && shifted.floor === good.floor);
  const noise: Draw = ({ seeds }) =>
    Promise.resolve({
      data: Float32Array.from({ length: seeds.length * 256 }, (_, i) => Math.sin(i * i)),
      n: seeds.length,
      shape: [8, 8, 4],
    });
  assert.ok((await task.measure(noise, { n: 150, block: 0 })).value > 5 * good.value);

  const options = { guide: 'latents-s', weights: [1, 2], evaluations: 5, n: 20, blocks: 1 };
  const [plain, guided] = await guidanceCurve(task, options, folder('guidance'));
  const close = Math.abs(plain.value - guided.value) / plain.value; // a network is no guide for itself
  assert.ok(close < 1e-3, String(close));
  assert.ok(existsSync(folder('guidance')));
  const other = { identity: task.identity, ...options, guidance: 2, guideWeights: 'other' };
  const context = { folder: '', generators: '', addMadeBy: () => undefined, onDone: () => undefined };
  await assert.rejects(guidedTeacher.evaluate(task, other, context), /guide 'latents-s' has weights [0-9a-f]{64} here/);
  await pool.close!();
  await dispose();
});

test('training the autoencoder lowers its error, stops when it is told to, and leaves no tensor behind', async () => {
  await selectBackend({ backend: 'wasm' });
  const before = tf.memory().numTensors;
  const errors: number[] = [];
  const parameters = await trainAutoencoder({ images: 96, batch: 8, onStep: ({ error }) => errors.push(error) });
  assert.equal(errors.length, 12);
  assert.ok(errors[11] < 0.8 * errors[0], errors.join());
  tf.dispose(parameters);
  const stop = new AbortController();
  const stopped = trainAutoencoder({
    images: 96,
    batch: 8,
    signal: stop.signal,
    onStep: () => stop.abort(new Error('enough')),
  });
  await assert.rejects(stopped, /enough/);
  assert.equal(tf.memory().numTensors, before);
  await assert.rejects(trainAutoencoder({ images: 4, batch: 8 }), /images must be an integer from 8/);
});
