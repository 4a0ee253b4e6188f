import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classification } from '../../src/metrics';

const logits = (...rows: number[][]): Points => ({
  data: Float32Array.from(rows.flat()),
  n: rows.length,
  d: rows[0].length,
});

test('accuracy, accuracy per class and confusion of a worked example', () => {
  const answers = logits([2, 1, 0], [0, 3, 1], [5, 4, 4], [-1, -2, -3], [0, 1, 0.5]);
  assert.deepEqual(classification(answers, [0, 1, 1, 1, 1]), {
    n: 5,
    accuracy: 3 / 5,
    perClass: [1, 2 / 4, null],
    confusion: [
      [1, 0, 0],
      [2, 2, 0],
      [0, 0, 0],
    ],
  });
});

test('bad labels, missing labels and logits that are not numbers are refused', () => {
  assert.throws(() => classification(logits([1, 2]), [2]), /labels\[0\] must be an integer from 0 to 1/);
  assert.throws(() => classification(logits([1, 2]), [0, 1]), /1 labels/);
  assert.throws(() => classification(logits([1, NaN]), [0]), /logits of sample 0/);
});
