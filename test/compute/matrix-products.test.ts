import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { selectBackend } from '../../src/compute/backend';
import { assertAllClose, gaussians } from '../close';
import { TESTED_BACKENDS } from '../golden';

/** Products of a batch of matrices [rows, inner] and [inner, columns] by loops, in float64. */
const byLoops = (
  a: Float32Array,
  b: Float32Array,
  { batches, rows, inner, columns }: { batches: [number, number]; rows: number; inner: number; columns: number },
  [flipA, flipB]: [boolean, boolean],
): Float64Array => {
  const batch = Math.max(...batches);
  const out = new Float64Array(batch * rows * columns);
  for (let n = 0; n < batch; n++) {
    const [startA, startB] = [(n % batches[0]) * rows * inner, (n % batches[1]) * inner * columns];
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++)
          sum +=
            a[startA + (flipA ? k * rows + i : i * inner + k)] * b[startB + (flipB ? j * inner + k : k * columns + j)];
        out[(n * rows + i) * columns + j] = sum;
      }
  }
  return out;
};

const FLAGS = [false, true].flatMap(a => [false, true].map(b => [a, b] as [boolean, boolean]));

for (const backend of TESTED_BACKENDS)
  describe(`matrix products are those of the triple loop on ${backend}, for all transpose flags`, () => {
    const sizes = { small: { rows: 5, inner: 7, columns: 3 }, large: { rows: 65, inner: 66, columns: 70 } };
    for (const [name, size] of Object.entries(sizes))
      for (const [leadA, leadB] of [
        [[], []],
        [[1], [1]],
        [[3], [3]],
        [
          [2, 2],
          [2, 2],
        ],
        [[3], [1]],
        [[1], [3]],
      ] as [number[], number[]][])
        test(`${name}, batches [${leadA.join()}] and [${leadB.join()}]`, async () => {
          await selectBackend({ backend });
          const { rows, inner, columns } = size;
          const count = (lead: number[]): number => lead.reduce((p, n) => p * n, 1);
          const batches: [number, number] = [count(leadA), count(leadB)];
          const a = gaussians(batches[0] * rows * inner, 'a');
          const b = gaussians(batches[1] * inner * columns, 'b');
          for (const flags of FLAGS) {
            const [x, y] = [
              tf.tensor(a, [...leadA, ...(flags[0] ? [inner, rows] : [rows, inner])]),
              tf.tensor(b, [...leadB, ...(flags[1] ? [columns, inner] : [inner, columns])]),
            ];
            const product = tf.matMul(x, y, ...flags);
            assert.deepEqual(product.shape.slice(-2), [rows, columns]);
            const expected = byLoops(a, b, { batches, ...size }, flags);
            assertAllClose(await product.data(), expected, 2e-6, `flags ${flags.join()}`);
            tf.dispose([x, y, product]);
          }
        });
  });
