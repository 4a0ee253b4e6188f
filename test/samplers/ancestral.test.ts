import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import type { Denoiser } from '../../src/networks';
import { sampleAncestral, sampleMultistep } from '../../src/samplers';
import { assertAllClose, assertClose, mean, variance } from '../close';

before(() => selectBackend({ backend: 'wasm' }));

/** D(x, sigma) = v x / (v + sigma^2): exact for N(0, v) in each of two coordinates. */
const [v, times] = [0.25, [80, 5, 1, 0.2]];
const gaussian: Denoiser = {
  config: { kind: 'gaussian' },
  sampleShape: [2],
  classes: 0,
  parameters: [],
  dropout: [],
  denoise: (_, x, sigma) => tf.mul(x, tf.reshape(tf.div(v, tf.add(v, tf.square(sigma))), [-1, 1])),
};
const draw = (sampler: typeof sampleAncestral, n: number, levels = times) =>
  sampler({
    denoiser: gaussian,
    parameters: {},
    seeds: Array.from({ length: n }, (_, i) => i),
    times: levels,
    engine: 'eager',
    batch: 1000,
  });

test('the variance follows the recursion of a linear denoiser: (s/t)^2, (1 - (s/t)^2) and the posterior noise', async () => {
  const gain = (t: number): number => v / (v + t * t);
  let expected = times[0] ** 2;
  for (let k = 1; k < times.length; k++) {
    const kept = (times[k] / times[k - 1]) ** 2;
    expected = (kept + (1 - kept) * gain(times[k - 1])) ** 2 * expected + times[k] ** 2 * (1 - kept);
  }
  expected *= gain(times[times.length - 1]) ** 2;
  const { data } = await draw(sampleAncestral, 10_000);
  assertClose(mean(data), 0, 0.01);
  assertClose(variance(data) / expected, 1, 0.03);
});

test('one step is that of Algorithm 1, from the same noise; a sample depends on its seed alone', async () => {
  const [one, other] = [await draw(sampleAncestral, 8, [2]), await draw(sampleMultistep, 8, [2])];
  assertAllClose(one.data, other.data, 1e-6);
  const [few, many] = [await draw(sampleAncestral, 3), await draw(sampleAncestral, 9)];
  assert.deepEqual(few.data, many.data.slice(0, 6));
});

test('times must decrease', async () => {
  await assert.rejects(draw(sampleAncestral, 1, [1, 2]), /sampleAncestral: times must be decreasing/);
});
