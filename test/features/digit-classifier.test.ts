import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { type Card, markdownOf } from '../../scripts/train-classifier';
import { selectBackend } from '../../src/compute/backend';
import { type Tensors, valueAndGradients } from '../../src/compute/tensors';
import { digits, indexRange, networkUnits } from '../../src/datasets';
import { classify, digitClassifier } from '../../src/features';
import {
  CLASSIFIER_FILE,
  classifierStep,
  evaluateClassifier,
  loadClassifier,
  trainClassifier,
} from '../../src/models/classifier';
import { initialParameters, parameterCount } from '../../src/networks';

const PIXELS = 256;
let sample: { x: Float32Array; labels: Int32Array };
const images = (count: number): tf.Tensor => tf.tensor(sample.x.subarray(0, count * PIXELS), [count, 16, 16, 1]);
const oneHot = (count: number): tf.Tensor =>
  tf.tensor(Array.from(sample.labels.subarray(0, count), c => Array.from({ length: 10 }, (_, i) => +(i === c))));
const crossEntropy = (p: Tensors, count: number): tf.Tensor =>
  tf.losses.softmaxCrossEntropy(oneHot(count), digitClassifier.logits(p, images(count)).logits);

before(async () => {
  await selectBackend({ backend: 'wasm' });
  const { x, labels } = await digits({ seed: 0, split: 'test' }).batch(indexRange(40));
  sample = { x: networkUnits(x), labels };
});

test('the network has the parameters of its layers and gives 64 features and 10 logits an image', () => {
  const convolutions = 9 * (1 * 16 + 16 * 32 + 32 * 64) + 16 + 32 + 64;
  const linear = (4 * 4 * 64 + 1) * 64 + (64 + 1) * 10;
  assert.equal(parameterCount(digitClassifier.parameters), convolutions + linear);
  const p = initialParameters(digitClassifier.parameters, 1);
  assert.deepEqual(digitClassifier.features(p, images(3)).shape, [3, 64]);
  assert.deepEqual(digitClassifier.logits(p, images(3)).logits.shape, [3, 10]);
  assert.throws(() => digitClassifier.features(p, tf.zeros([3, 32, 32, 1])), /\[\*, 16, 16, 1\], got \[3,32,32,1\]/);
});

test('the gradient reaches every parameter and is the slope of the loss along itself', async () => {
  const p = initialParameters(digitClassifier.parameters, 1);
  const { gradients } = valueAndGradients(q => ({ value: crossEntropy(q, 16), metrics: {} }), p);
  for (const name of Object.keys(p)) {
    const slope = (await tf.norm(gradients[name]).data())[0];
    assert.ok(slope > 0, name);
    const lossAt = async (distance: number): Promise<number> => {
      const moved = tf.add(p[name], tf.mul(gradients[name], distance / slope));
      return (await crossEntropy({ ...p, [name]: moved }, 16).data())[0];
    };
    const difference = ((await lossAt(0.01)) - (await lossAt(-0.01))) / 0.02;
    assert.ok(Math.abs(difference - slope) < 1e-3 + 0.01 * slope, `${name}: ${slope}, by differences ${difference}`);
  }
});

test('a training step reports the cross-entropy and moves every weight as the first step of Adam does', async () => {
  const p = initialParameters(digitClassifier.parameters, 2);
  const state: Tensors = Object.fromEntries(Object.entries(p).map(([name, t]) => [`p/${name}`, t]));
  const size = parameterCount(digitClassifier.parameters);
  const result = classifierStep(
    { ...state, m: tf.zeros([size]), v: tf.zeros([size]) },
    // Adam's first step, corrected: g / |g| times the rate, whatever the size of g
    { x: images(32), labels: oneHot(32), stepSize: tf.scalar(0.01 / 0.1), varianceScale: tf.scalar(0.001 ** -0.5) },
  );
  const { logits } = await classify(p, sample.x.subarray(0, 32 * PIXELS), 32);
  let loss = 0;
  for (let i = 0; i < 32; i++) {
    const row = Array.from(logits.data.subarray(10 * i, 10 * i + 10));
    loss += (Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - row[sample.labels[i]]) / 32;
  }
  assert.ok(Math.abs((await result.metrics.loss.data())[0] - loss) < 1e-5);
  for (const name of Object.keys(p)) {
    const change = await tf.abs(tf.sub(result.state[`p/${name}`], p[name])).data();
    const whole = change.filter(size => Math.abs(size - 0.01) < 1e-4).length;
    assert.ok(Math.max(...change) < 0.0101 && whole > 0.9 * change.length, `${name}: ${whole} of ${change.length}`);
  }
});

test('training is a function of its seed, leaves only its result behind, and nothing when stopped', async () => {
  const before = tf.memory().numTensors;
  const losses: number[] = [];
  const options = { seed: 3, images: 400, batch: 50 };
  const first = await trainClassifier({ ...options, onStep: ({ loss }) => losses.push(loss) });
  const again = await trainClassifier(options);
  assert.equal(tf.memory().numTensors, before + 2 * digitClassifier.parameters.length);
  assert.equal(losses.length, 8);
  assert.ok(losses[7] < losses[0], losses.join());
  for (const name of Object.keys(first)) assert.deepEqual(await first[name].data(), await again[name].data(), name);
  tf.dispose([first, again]);

  const stop = new AbortController();
  const stopped = trainClassifier({ ...options, signal: stop.signal, onStep: () => stop.abort(new Error('enough')) });
  await assert.rejects(stopped, /enough/);
  assert.equal(tf.memory().numTensors, before);
  await assert.rejects(trainClassifier({ images: 10 }), /images must be an integer from 64/);
});

test('the shipped classifier names more than 98 % of 500 test digits', async () => {
  const classifier = await loadClassifier();
  const { n, accuracy } = await evaluateClassifier(classifier, { n: 500 });
  assert.equal(n, 500);
  assert.ok(accuracy > 0.98, String(accuracy));
  tf.dispose(classifier);
});

test('the card speaks of the shipped weights, and its readable form says what its facts say', () => {
  const text = (extension: string): string => readFileSync(CLASSIFIER_FILE.replace(/safetensors$/, extension), 'utf8');
  const card = JSON.parse(text('json')) as Card;
  assert.equal(card.weights.sha256, createHash('sha256').update(readFileSync(CLASSIFIER_FILE)).digest('hex'));
  assert.ok(card.test.accuracy > 0.985 && card.test.n === 10_000);
  assert.equal(text('md'), markdownOf(card));
});

test('features and logits are the same every time and in every batch size, and no tensor is left', async () => {
  const classifier = await loadClassifier();
  const before = tf.memory().numTensors;
  const whole = await classify(classifier, sample.x, 40);
  assert.deepEqual([whole.features.n, whole.features.d, whole.logits.n, whole.logits.d], [40, 64, 40, 10]);
  for (const batch of [40, 7, 1]) assert.deepEqual(await classify(classifier, sample.x, 40, { batch }), whole);
  assert.equal(tf.memory().numTensors, before);
  await assert.rejects(classify(classifier, sample.x, 41), /images must be 41 x 256 pixels/);
  await assert.rejects(classify(classifier, sample.x, 40, { batsh: 7 } as never), /Did you mean 'batch'/);
  tf.dispose(classifier);
});
