import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inceptionScore } from '../../src/metrics';
import { goldenNumbers, goldenPoints } from './golden';
import { close, normals, reversed } from './sets';

type Golden = { inception_score: { full: number; splits_mean: number; splits_std: number } };
const golden = goldenNumbers<Golden>('features').inception_score;
const probabilities = goldenPoints('features')('is/probabilities');

/** Row i is sure of class `answer(i)`. */
const sure = (n: number, classes: number, answer: (i: number) => number): Points => {
  const data = new Float32Array(n * classes);
  for (let i = 0; i < n; i++) data[i * classes + answer(i)] = 1;
  return { data, n, d: classes };
};

test('the Inception Score of the recorded probabilities is the reference value, whole and in ten splits', () => {
  const from = 'probabilities' as const;
  assert.ok(close(inceptionScore(probabilities, { from, splits: 1 }).value, golden.full, 1e-13));
  const { value, std, splits, n } = inceptionScore(probabilities, { from });
  assert.ok(close(value, golden.splits_mean, 1e-13), String(value));
  assert.ok(close(std, golden.splits_std, 1e-12), String(std));
  assert.deepEqual([splits, n], [10, 200]);
});

test('logits score as the probabilities that their softmax makes, whatever is added to a row', () => {
  const logits = { ...probabilities, data: probabilities.data.map((p, i) => Math.log(p) + Math.floor(i / 10)) };
  assert.ok(close(inceptionScore(logits, { splits: 1 }).value, golden.full, 1e-4)); // float32 logits up to 200
  const sharp = { ...logits, data: sure(200, 10, i => i % 10).data.map(v => 1e5 * v) };
  assert.ok(close(inceptionScore(sharp, { splits: 1 }).value, 10, 1e-12)); // p = 0 counts 0, not NaN
});

test('sure answers over all classes alike score the number of classes; one answer, or all unsure, scores 1', () => {
  const from = 'probabilities' as const;
  const { value, std } = inceptionScore(
    sure(70, 7, i => i % 7),
    { from },
  );
  assert.ok(close(value, 7, 1e-12) && std < 1e-12);
  assert.ok(close(inceptionScore(sure(70, 7, () => 3), { from }).value, 1, 1e-12)); // prettier-ignore
  const unsure = { data: new Float32Array(70 * 7), n: 70, d: 7 };
  assert.ok(close(inceptionScore(unsure).value, 1, 1e-12));
});

test('unequal shares of sure answers score exp of their entropy', () => {
  const entropy = 0.75 * Math.log(4 / 3) + 0.25 * Math.log(4);
  const { value } = inceptionScore(
    sure(40, 3, i => (i % 4 === 0 ? 2 : 1)),
    { from: 'probabilities', splits: 1 },
  );
  assert.ok(close(value, Math.exp(entropy), 1e-12));
});

test('the whole set is blind to order; splits are consecutive, so sorted classes score 1', () => {
  const logits = normals(101, 5, 1);
  const whole = { splits: 1 };
  assert.ok(close(inceptionScore(reversed(logits), whole).value, inceptionScore(logits, whole).value, 1e-12));
  const sorted = sure(50, 5, i => Math.floor(i / 10));
  assert.ok(close(inceptionScore(sorted, { from: 'probabilities', splits: 5 }).value, 1, 1e-12));
  assert.equal(inceptionScore(logits, { splits: 101 }).value, 1); // a single row has no divergence from its mean
});

test('rows that are not finite or no probabilities, too many splits and unknown options are refused', () => {
  const logits = normals(20, 4, 2);
  const spoiled = { ...logits, data: logits.data.map((v, i) => (i === 9 ? NaN : v)) };
  assert.throws(() => inceptionScore(spoiled), /inceptionScore: logits: row 2 must be finite numbers, got NaN/);
  assert.throws(() => inceptionScore(logits, { from: 'probabilities' }), /probabilities of at least 0/);
  const halves = { ...logits, data: logits.data.map(() => 0.125) };
  assert.throws(() => inceptionScore(halves, { from: 'probabilities' }), /row 0 must be probabilities that sum to 1/);
  assert.throws(() => inceptionScore(logits, { splits: 21 }), /splits must be an integer from 1 to 20/);
  assert.throws(() => inceptionScore(logits, { from: 'scores' as never }), /one of 'logits', 'probabilities'/);
  assert.throws(() => inceptionScore(logits, { split: 1 } as never), /Did you mean 'splits'/);
});
