import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArgumentError } from '../../src/compute/check';
import { compareResults, expectComparable, metricResult, type MetricResult } from '../../src/metrics';

const result = (blocks: number[], { floorBlocks = [1, 1.5], ...other }: Partial<MetricResult> = {}): MetricResult => ({
  ...metricResult({
    metric: 'fd',
    blocks,
    smallerIsBetter: true,
    n: 2000,
    nReference: 50_000,
    options: {},
    features: { name: 'FD-MobileNet', d: 1024, sha256: 'aa', preprocessing: 'bicubic 224' },
    reference: { name: 'cifar10', split: 'train', sha256: 'cc' },
    seeds: blocks.map((_, b) => ({ first: b * 2000, last: b * 2000 + 1999 })),
    floorBlocks,
    floorOf: "other images of 'cifar10', test",
  }),
  ...other,
});

test('a result is the mean of its blocks, their spread the largest less the smallest, the floor a mean too', () => {
  const { value, spread, floor } = result([4, 7, 4]);
  assert.deepEqual([value, spread, floor], [5, 3, 1.25]);
  const alone = result([4], { floorBlocks: [] });
  assert.deepEqual([alone.spread, alone.floor], [0, null]);
});

test('a result is plain JSON', () => {
  const one = result([4, 5]);
  assert.deepEqual(JSON.parse(JSON.stringify(one)), one);
});

test('results of another metric, n, reference or features are refused, and the error names all that differs', () => {
  const other = result([1], {
    n: 5000,
    features: { name: 'FD-MobileNet', d: 1024, sha256: 'bb', preprocessing: 'bilinear 224' },
    reference: { name: 'cifar10', split: 'test', sha256: 'cc' },
  });
  assert.throws(
    () => compareResults(result([1]), other),
    (error: unknown) => {
      assert.ok(error instanceof ArgumentError);
      assert.match(error.message, /n is 2000 and 5000/);
      assert.match(error.message, /features\.sha256 is "aa" and "bb"/);
      assert.match(error.message, /features\.preprocessing is "bicubic 224" and "bilinear 224"/);
      assert.match(error.message, /reference\.split is "train" and "test"/);
      assert.doesNotMatch(error.message, /reference\.name|nReference|metric is/);
      return true;
    },
  );
  assert.throws(() => expectComparable([result([1]), result([1], { metric: 'kid' })]), /metric is "fd" and "kid"/);
  assert.throws(() => expectComparable([result([1]), result([1], { nReference: 10 })]), /nReference is 50000 and 10/);
  assert.throws(
    () => expectComparable([result([1]), result([1], { options: { k: 5 } })]),
    /options\.k is absent and 5/,
  );
  assert.throws(() => expectComparable([result([1]), result([1], { reference: null })]), /reference\.sha256/);
});

test("the features' name, the seeds and the number of blocks may differ", () => {
  const features = { name: 'mobilenet', d: 1024, sha256: 'aa', preprocessing: 'bicubic 224' };
  expectComparable([result([1]), result([1, 2], { features, seeds: [{ first: 9, last: 2008 }] })]);
});

test('one is better where all its blocks are; overlapping blocks and single ones decide nothing', () => {
  const better = (a: number[], b: number[], other: Partial<MetricResult> = {}) =>
    compareResults(result(a, other), result(b, other)).better;
  assert.equal(better([3, 4], [4.5, 6]), 'a');
  assert.equal(better([4.5, 6], [3, 4]), 'b');
  assert.equal(better([3, 5], [4.5, 6]), null);
  assert.equal(better([3], [6]), null);
  assert.equal(better([3, 4], [4.5, 6], { smallerIsBetter: false }), 'b');
  const { a, b, difference } = compareResults(result([3, 4]), result([4.5, 6]));
  assert.deepEqual([a, b, difference], [3.5, 5.25, 1.75]);
});
