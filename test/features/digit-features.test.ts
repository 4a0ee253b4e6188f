import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { digits, indexRange } from '../../src/datasets';
import { digitClassifier, digitFeatures } from '../../src/features';
import { initialParameters } from '../../src/networks';

before(() => selectBackend({ backend: 'wasm' }));

const drawn = async (n: number) => {
  const { x } = await digits({ seed: 3, split: 'test' }).batch(indexRange(n));
  return { data: x as Uint8Array, n, h: 16, w: 16, c: 1 };
};

test("features and logits are the classifier's of byte / 127.5 - 1, whatever the batch", async () => {
  const parameters = initialParameters(digitClassifier.parameters, 1);
  const network = digitFeatures(parameters, 'hash');
  const images = await drawn(7);
  const counts: number[] = [];
  const small = await network.extract(images, { batch: 3, onImages: (done, total) => counts.push(done, total) });
  assert.deepEqual(counts, [3, 7, 6, 7, 7, 7]);
  const x = tf.sub(tf.div(tf.tensor(Array.from(images.data), [7, 16, 16, 1], 'float32'), 127.5), 1);
  const { features, logits } = digitClassifier.logits(parameters, x);
  const [wanted, scores] = [await features.data(), await logits.data()];
  assert.deepEqual([small.features.n, small.features.d, small.logits?.d], [7, 64, 10]);
  small.features.data.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-5));
  small.logits!.data.forEach((value, i) => assert.ok(Math.abs(value - scores[i]) < 1e-5));
  const { d, classes, sha256, preprocessing } = network;
  const text = 'no resize, range [-1, 1], float32 NHWC grey 16x16, output hidden';
  assert.deepEqual([d, classes, sha256, preprocessing], [64, 10, 'hash', text]);
});

test('it stops on a signal, refuses other images, and disposes of its parameters once', async () => {
  const parameters = initialParameters(digitClassifier.parameters, 1);
  const network = digitFeatures(parameters, 'hash');
  const images = await drawn(4);
  const reason = new Error('enough');
  const stop = new AbortController();
  const stopped = network.extract(images, { batch: 1, signal: stop.signal, onImages: () => stop.abort(reason) });
  await assert.rejects(stopped, reason);
  await assert.rejects(network.extract({ ...images, h: 8, w: 32 }), /of shape \[4, 16, 16, 1\], drawn digits, got/);
  await assert.rejects(network.extract({ ...images, n: 5 }), /images.data must be n \* h \* w \* c = 1280 bytes/);
  await assert.rejects(network.extract(images, { batch: 0 }), /batch must be an integer from 1/);
  await network.dispose();
  await network.dispose();
  assert.ok(Object.values(parameters).every(t => t.isDisposed));
  await assert.rejects(network.extract(images), /has been disposed of/);
});
