import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { valueAndGradients } from '../../src/compute/tensors';
import { ncsnpp } from '../../src/networks';
import { lower, raise } from '../../src/networks/resample';
import { assertAllClose, assertClose, gaussians, valuesOf } from '../close';
import { TESTED_BACKENDS } from '../golden';

const ROWS = [
  [1, 3, 3, 1],
  [1, 2],
  [1, 4, 6, 7, 3, 1],
];

/** y_i = sum_j f_j x_(2 i + j - pad) along both axes of one channel, zeros outside, in float64. */
const filtered = (x: Float32Array, [H, W]: number[], row: number[], pad: number): number[] => {
  const [k, sum] = [row.length, row.reduce((a, b) => a + b, 0)];
  const [h, w] = [H, W].map(n => (n + 2 * pad - k) / 2 + 1);
  return Array.from({ length: h * w }, (_, at) => {
    const [top, left] = [2 * Math.floor(at / w) - pad, 2 * (at % w) - pad];
    let y = 0;
    for (let a = 0; a < k; a++)
      for (let b = 0; b < k; b++) {
        const [r, c] = [top + a, left + b];
        if (r >= 0 && r < H && c >= 0 && c < W) y += (row[a] * row[b] * x[r * W + c]) / sum ** 2;
      }
    return y;
  });
};

for (const backend of TESTED_BACKENDS)
  describe(`filters of any even length on ${backend}`, () => {
    for (const row of ROWS)
      for (const pad of [0, (row.length - 2) / 2])
        test(`[${row.join(', ')}], padding ${pad}: half the size is the sum of its definition, per channel`, async () => {
          await selectBackend({ backend });
          const [H, W] = [8, 6];
          const channels = ['a', 'b'].map(name => gaussians(H * W, name));
          const x = tf.stack(
            channels.map(c => tf.tensor(c, [1, H, W])),
            3,
          );
          const parts = tf.unstack(lower(x, row, pad), 3);
          for (const [i, part] of parts.entries())
            assertAllClose(await part.data(), filtered(channels[i], [H, W], row, pad), 1e-6);
        });

    for (const row of ROWS)
      for (const pad of [0, (row.length - 2) / 2])
        test(`[${row.join(', ')}], padding ${pad}: gradients are adjoints, twice the size is 4 times the adjoint`, async () => {
          await selectBackend({ backend });
          const large = [2, 8, 6, 3];
          const small = [2, ...[8, 6].map(n => (n + 2 * pad - row.length) / 2 + 1), 3];
          const draw = (shape: number[], name: string): tf.Tensor =>
            tf.tensor(gaussians(tf.util.sizeFromShape(shape), name), shape);
          const [x, y] = [draw(large, 'x'), draw(small, 'y')];
          const inner = async (a: tf.Tensor, b: tf.Tensor): Promise<number> =>
            (await valuesOf(tf.sum(tf.mul(a, b))))[0];
          const down = valueAndGradients(t => ({ value: tf.sum(tf.mul(lower(t.x, row, pad), y)), metrics: {} }), { x });
          const up = valueAndGradients(t => ({ value: tf.sum(tf.mul(raise(t.y, row, pad), x)), metrics: {} }), { y });
          assertClose(await inner(down.gradients.x, x), (await valuesOf(down.value))[0], 1e-4);
          assertClose(await inner(up.gradients.y, y), (await valuesOf(up.value))[0], 1e-4);
          assertClose((await valuesOf(up.value))[0], 4 * (await valuesOf(down.value))[0], 4e-4);
        });
  });

test('filters of odd length and of sum 0 are refused', () => {
  assert.throws(() => ncsnpp({ filter: [1, 2, 1] }), /filter must be an even number of weights, got \[1,2,1\]/);
  assert.throws(() => ncsnpp({ filter: [1, -1] }), /filter must be weights with a sum other than 0/);
  assert.throws(() => ncsnpp({ filter: [] }), /length of filter must be an integer from 2 to 64, got 0/);
});
