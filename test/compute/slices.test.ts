import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';

const SHAPE = [4, 5, 6, 3];
const value = (i: number): number => Math.fround(Math.sin(i));

/** Elements of the part [begin, begin + size) of 0, 1, 2, ... laid out in SHAPE, by index arithmetic. */
const expected = (begin: number[], size: number[]): number[] => {
  const result: number[] = [];
  for (let a = 0; a < size[0]; a++)
    for (let b = 0; b < size[1]; b++)
      for (let c = 0; c < size[2]; c++)
        for (let d = 0; d < size[3]; d++) {
          const [i, j, k, l] = [begin[0] + a, begin[1] + b, begin[2] + c, begin[3] + d];
          result.push(value(((i * SHAPE[1] + j) * SHAPE[2] + k) * SHAPE[3] + l));
        }
  return result;
};

for (const backend of ['wasm', 'cpu'] as const)
  test(`slices, splits and clones hold the right elements and leak nothing: ${backend}`, async () => {
    await selectBackend({ backend });
    const before = tf.memory().numTensors;
    const x = tf.tensor(
      Float32Array.from({ length: 360 }, (_, i) => value(i)),
      SHAPE,
    );
    for (const [begin, size] of [
      [
        [1, 0, 2, 0],
        [2, 5, 3, 3],
      ],
      [[0, 0, 0, 0], SHAPE],
      [
        [2, 1, 1, 1],
        [1, 2, 3, 2],
      ],
      [
        [1, 0, 0, 0],
        [2, 5, 6, 3],
      ],
      [
        [3, 4, 5, 2],
        [1, 1, 1, 1],
      ],
    ]) {
      const part = tf.slice(x, begin, size);
      assert.deepEqual(part.shape, size);
      assert.deepEqual([...(await part.data())], expected(begin, size));
      part.dispose();
    }
    let at = 0;
    for (const [part, length] of tf.split(x, [1, 3, 2], 2).map((t, i) => [t, [1, 3, 2][i]] as const)) {
      assert.deepEqual([...(await part.data())], expected([0, 0, at, 0], [4, 5, length, 3]));
      at += length;
      part.dispose();
    }
    const copy = tf.clone(x);
    x.dispose();
    assert.deepEqual([...(await copy.data())], expected([0, 0, 0, 0], SHAPE), 'a clone outlives its original');
    copy.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
