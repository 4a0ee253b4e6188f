import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { exportModel } from '../../../src/compute/onnx/export-model';
import { encodeOnnx } from '../../../src/compute/onnx/onnx-file';
import { runtime } from '../../../src/compute/onnx/runtime';
import { assertAllClose, gaussians } from '../../close';

before(() => selectBackend({ backend: 'cpu' }));

/** Functions of x [B, 4, 4, 2], each with another way in which the batch enters shapes. */
const FUNCTIONS: Record<string, (x: tf.Tensor4D) => tf.Tensor> = {
  'an element-wise function': x => tf.sigmoid(tf.mul(x, 3)),
  'rows of pixels, the batch merged with them': x => tf.matMul(tf.reshape<tf.Rank.R2>(x, [-1, 2]), tf.tensor2d([[1, 2, 3], [4, 5, 6]])), // prettier-ignore
  'a constant repeated for every sample': x => tf.concat([x, tf.mul(tf.ones([x.shape[0], 4, 4, 1]), 0.25)], 3),
  'a vector repeated for every sample': x => tf.broadcastTo(tf.tensor1d([1, 2]), [x.shape[0], 2]),
  'every sample twice': x => tf.tile(x, [2, 1, 1, 1]),
  'the sum over the batch': x => tf.sum(x, 0),
  'pooling and enlargement': x => tf.image.resizeNearestNeighbor(tf.avgPool(x, 2, 2, 'valid'), [4, 4]),
  'attention within a sample': x => {
    const pixels = tf.reshape<tf.Rank.R3>(x, [x.shape[0], 16, 2]);
    return tf.matMul(tf.softmax(tf.matMul(pixels, pixels, false, true)), pixels);
  },
  'a slice and a padding of pixels': x => tf.pad(tf.slice(x, [0, 1, 0, 0], [-1, 2, 4, 1]), [[0, 0], [1, 2], [0, 0], [0, 1]]), // prettier-ignore
};

const inputs = (batch: number): Record<string, number[]> => ({ x: [batch, 4, 4, 2] });
const tensorFunction =
  (f: (x: tf.Tensor4D) => tf.Tensor): TensorFunction =>
  ({ x }) => ({ y: f(x as tf.Tensor4D) });

describe('one model for any batch size', () => {
  for (const [name, f] of Object.entries(FUNCTIONS))
    test(`${name}: as on cpu for 1, 2 and 7 samples`, async () => {
      const { model, batch, reason } = exportModel({ f: tensorFunction(f), inputs, weights: {} });
      assert.equal(batch, 'any', reason);
      const { InferenceSession, Tensor } = runtime();
      const session = await InferenceSession.create(encodeOnnx(model), { logSeverityLevel: 3 });
      for (const n of [1, 2, 7]) {
        const x = gaussians(n * 32, name);
        const { y } = await session.run({ x: new Tensor('float32', x, [n, 4, 4, 2]) });
        const ours = f(tf.tensor4d(x, [n, 4, 4, 2]));
        assert.deepEqual([...y.dims], ours.shape);
        assertAllClose(y.data as Float32Array, await ours.data(), 1e-6);
      }
    });

  test('what is in proportion to the batch in another way than as a size is written for a fixed one, with the reason', () => {
    const reasonFor = (f: (x: tf.Tensor4D) => tf.Tensor): string | undefined =>
      exportModel({ f: tensorFunction(f), inputs, weights: {} }).reason;
    assert.match(reasonFor(x => tf.mean(x)) ?? '', /a constant of type float32 depends on the batch size/);
    assert.match(reasonFor(x => tf.slice(x, 1, x.shape[0] - 1)) ?? '', /is \d+ for 1009 samples and \d+ for 1022/);
    assert.match(reasonFor(x => tf.add(x, 2 + (x.shape[0] % 4))) ?? '', /depends on the batch size/);
    assert.equal(
      reasonFor(x => tf.relu(x)),
      undefined,
    );
  });

  test('chance inside is found', () => {
    const f = tensorFunction(x => tf.add(x, tf.randomUniform([1])));
    assert.throws(() => exportModel({ f, inputs, weights: {} }), { name: 'TraceError', message: /chance/ });
  });
});
