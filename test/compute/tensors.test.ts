import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { addPrefix, cloneTensors, stopGradient, valueAndGradients, withPrefix } from '../../src/compute/tensors';
import { valuesOf } from '../close';
import { TESTED_BACKENDS } from '../golden';

for (const backend of TESTED_BACKENDS)
  describe(`valueAndGradients on ${backend}`, () => {
    const inputs = () => ({ a: tf.tensor1d([1, 2, 3]), b: tf.tensor1d([4, 5, 6]), unused: tf.ones([2, 2]) });

    test('sum(a^2 b): value, 2ab, a^2, and zeros for a tensor that is not used', async () => {
      await selectBackend({ backend });
      const { value, gradients, metrics } = valueAndGradients(
        ({ a, b }) => ({ value: tf.sum(tf.mul(tf.square(a), b)), metrics: { largest: tf.max(b) } }),
        inputs(),
      );
      assert.deepEqual(await valuesOf(value), [4 + 20 + 54]);
      assert.deepEqual(await valuesOf(gradients.a), [8, 20, 36]);
      assert.deepEqual(await valuesOf(gradients.b), [1, 4, 9]);
      assert.deepEqual(gradients.unused.shape, [2, 2]);
      assert.deepEqual(await valuesOf(gradients.unused), [0, 0, 0, 0]);
      assert.deepEqual(await valuesOf(metrics.largest), [6]);
    });

    test('leaves nothing behind but its results, inside a tidy and outside', async () => {
      await selectBackend({ backend });
      const x = inputs();
      const run = () =>
        valueAndGradients(({ a, b }) => ({ value: tf.sum(tf.mul(a, b)), metrics: { sum: tf.sum(a), a } }), x);
      const before = tf.memory().numTensors;
      const result = run();
      assert.equal(tf.memory().numTensors - before, 1 + 2 + 3);
      tf.dispose(result);
      assert.equal(tf.memory().numTensors, before);
      tf.tidy(() => void run());
      assert.equal(tf.memory().numTensors, before);
      assert.deepEqual(await valuesOf(x.a), [1, 2, 3]);
    });

    test('stopGradient keeps the value and passes no gradient: d/dx x sg(x) = x', async () => {
      await selectBackend({ backend });
      const { value, gradients } = valueAndGradients(
        ({ x }) => ({ value: tf.sum(tf.mul(x, stopGradient(x))), metrics: {} }),
        { x: tf.tensor1d([3, -2]) },
      );
      assert.deepEqual(await valuesOf(value), [13]);
      assert.deepEqual(await valuesOf(gradients.x), [3, -2]);
    });
  });

test('prefixes select, strip and add; clones outlive their originals', async () => {
  await selectBackend({ backend: 'cpu' });
  const t = { 'phi/a': tf.scalar(1), 'phi/b': tf.scalar(2), 'psi/a': tf.scalar(3) };
  assert.deepEqual(Object.keys(withPrefix('phi/', t)), ['a', 'b']);
  assert.equal(withPrefix('psi/', t).a, t['psi/a']);
  assert.deepEqual(Object.keys(addPrefix('ema/', withPrefix('phi/', t))), ['ema/a', 'ema/b']);
  const copies = cloneTensors(t);
  tf.dispose(t);
  assert.deepEqual(await valuesOf(copies['phi/b']), [2]);
});
