import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { adamScalars, applyGradient, emaBeta, flatten, initialState, unflatten } from '../../src/training';
import { assertAllClose, assertClose, gaussians, valuesOf } from '../close';
import { TESTED_BACKENDS } from '../golden';

/** Kingma and Ba's Algorithm 1, element by element in float64, as they print it. */
const adamByHand = (
  start: number[],
  gradients: number[][],
  lr: number,
  b1: number,
  b2: number,
  eps: number,
): number[] => {
  const p = [...start];
  const [m, v] = [p.map(() => 0), p.map(() => 0)];
  gradients.forEach((g, i) => {
    for (let j = 0; j < p.length; j++) {
      m[j] = b1 * m[j] + (1 - b1) * g[j];
      v[j] = b2 * v[j] + (1 - b2) * g[j] ** 2;
      const [mHat, vHat] = [m[j] / (1 - b1 ** (i + 1)), v[j] / (1 - b2 ** (i + 1))];
      p[j] -= (lr * mHat) / (Math.sqrt(vHat) + eps);
    }
  });
  return p;
};

const scalars = (k: number, options: Parameters<typeof adamScalars>[1], beta: number) => {
  const { stepSize, varianceScale } = adamScalars(k, options);
  return { stepSize: tf.scalar(stepSize), varianceScale: tf.scalar(varianceScale), emaBeta: tf.scalar(beta) };
};

for (const backend of TESTED_BACKENDS)
  describe(`Adam and the average on ${backend}`, () => {
    for (const beta1 of [0, 0.9])
      test(`20 steps are those of the published algorithm with beta1 = ${beta1}`, async () => {
        await selectBackend({ backend });
        const options = { learningRate: 0.02, beta1, beta2: 0.99, eps: 1e-3 };
        const start = Array.from(gaussians(6, 'start'));
        const gradients = Array.from({ length: 20 }, (_, i) =>
          Array.from(gaussians(6, `gradient ${i}`), (g, j) => g * 10 ** (j - 3)),
        );
        const parameters = { a: tf.tensor(start.slice(0, 4), [2, 2]), b: tf.tensor1d(start.slice(4)) };
        let state = initialState({ psi: parameters }, ['psi'], options);
        gradients.forEach((g, i) => {
          ({ state } = applyGradient('psi', state, tf.tensor1d(g), scalars(i + 1, options, 0), options));
        });
        const ours = [...(await valuesOf(state['psi/a'])), ...(await valuesOf(state['psi/b']))];
        assertAllClose(ours, adamByHand(start, gradients, 0.02, beta1, 0.99, 1e-3), 2e-6);
        assert.equal('psi.m' in state, beta1 > 0);
      });

    test('the average moves to the updated parameters by 1 - beta, for phi only', async () => {
      await selectBackend({ backend });
      const options = { learningRate: 0.5, beta1: 0, beta2: 0.9, eps: 1e-8 };
      const start = initialState(
        { phi: { a: tf.tensor1d([1, 2]) }, psi: { a: tf.tensor1d([3]) } },
        ['phi', 'psi'],
        options,
      );
      const { state } = applyGradient('phi', start, tf.tensor1d([4, -4]), scalars(1, options, 0.75), options);
      assertAllClose(await state['phi/a'].data(), [0.5, 2.5], 1e-6); // the first step has size lr
      assertAllClose(await state['ema/a'].data(), [0.25 * 0.5 + 0.75 * 1, 0.25 * 2.5 + 0.75 * 2], 1e-6);
      const after = applyGradient('psi', state, tf.tensor1d([1]), scalars(1, options, 0), options);
      assert.equal(after.state['ema/a'], state['ema/a']);
      assert.equal(after.state['phi/a'], state['phi/a']);
    });

    test('NaN counts as 0, infinities as +-1e5, each is counted; finite gradients pass unchanged', async () => {
      await selectBackend({ backend });
      const options = { learningRate: 1, beta1: 0, beta2: 0.5, eps: 1e-8 };
      const state = initialState({ psi: { a: tf.zeros([5]) } }, ['psi'], options);
      const gradient = tf.tensor1d([NaN, Infinity, -Infinity, 2e5, 3]);
      const result = applyGradient('psi', state, gradient, scalars(1, options, 0), options);
      assert.deepEqual(await valuesOf(result.metrics.nonFinite), [3]);
      const v = await valuesOf(result.state['psi.v']);
      [0, 0.5e10, 0.5e10, 2e10, 4.5].forEach((expected, i) => assertClose(v[i], expected, 1e-6 * expected));
      assertAllClose(await result.state['psi/a'].data(), [0, -1, 1, -1, -1], 1e-5);
    });

    test('flatten and unflatten are inverse, in the order of the record', async () => {
      await selectBackend({ backend });
      const tensors = { b: tf.tensor([1, 2, 3, 4], [2, 2]), a: tf.scalar(5), c: tf.tensor1d([6]) };
      const flat = flatten(tensors);
      assert.deepEqual(await valuesOf(flat), [1, 2, 3, 4, 5, 6]);
      const back = unflatten(flat, tensors);
      assert.deepEqual(Object.keys(back), ['b', 'a', 'c']);
      for (const name of ['a', 'b', 'c'] as const) {
        assert.deepEqual(back[name].shape, tensors[name].shape);
        assert.deepEqual(await valuesOf(back[name]), await valuesOf(tensors[name]));
      }
    });
  });

test('the half-life of the average: half the weight after that many images, a copy at first', () => {
  const options = { halflife: 1000, rampup: 0.05 };
  assert.equal(emaBeta(0, 64, options), 0);
  assertClose(emaBeta(1e6, 10, options) ** 100, 0.5, 1e-12);
  assertClose(emaBeta(2000, 10, options) ** 10, 0.5, 1e-12); // half-life 5 % of 2000
});
