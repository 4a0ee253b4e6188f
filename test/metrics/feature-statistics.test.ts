import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accumulateStatistics, featureStatistics, type FeatureStatistics, mergeStatistics } from '../../src/metrics';
import { mapped, normals } from './sets';

const part = ({ data, d }: Points, from: number, to: number): Points => ({
  data: data.slice(from * d, to * d),
  n: to - from,
  d,
});

/** The definition in two passes, written independently. */
const twoPass = ({ data, n, d }: Points): FeatureStatistics => {
  const mean = new Float64Array(d);
  for (let p = 0; p < n; p++) for (let i = 0; i < d; i++) mean[i] += data[p * d + i] / n;
  const covariance = new Float64Array(d * d);
  for (let p = 0; p < n; p++)
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++)
        covariance[i * d + j] += ((data[p * d + i] - mean[i]) * (data[p * d + j] - mean[j])) / (n - 1);
  return { n, d, mean, covariance };
};

const assertSame = (actual: FeatureStatistics, expected: FeatureStatistics, error: number): void => {
  assert.deepEqual([actual.n, actual.d], [expected.n, expected.d]);
  for (const key of ['mean', 'covariance'] as const) {
    assert.equal(actual[key].length, expected[key].length);
    const worst = Math.max(...actual[key].map((value, i) => Math.abs(value - expected[key][i])));
    assert.ok(worst < error, `${key}: ${worst}`);
  }
};

test('statistics do not depend on how the points are cut into batches, and survive a large mean', async () => {
  const x = mapped(normals(1500, 3, 2), (v, axis) => 4096 * axis + Math.fround(v));
  const expected = twoPass(x);
  for (const cuts of [
    [0, 1500],
    [0, 1, 200, 1500],
    [0, 511, 512, 513, 1024, 1500],
  ]) {
    // prettier-ignore
    const accumulator = accumulateStatistics(3);
    for (let i = 1; i < cuts.length; i++) await accumulator.add(part(x, cuts[i - 1], cuts[i]));
    assertSame(await accumulator.result(), expected, 1e-9);
  }
});

for (const engine of ['auto', 'loops'] as const)
  test(`${engine}: the covariance in 100 dimensions is what its definition gives, and symmetric`, async () => {
    const x = normals(1300, 100, 3);
    const statistics = await featureStatistics(x, { engine });
    assertSame(statistics, twoPass(x), 1e-12);
    const { covariance, d } = statistics;
    assert.ok(covariance.every((value, at) => value === covariance[(at % d) * d + Math.floor(at / d)]));
  });

test('batches that are not awaited are taken in turn; a result can be asked for on the way', async () => {
  const x = normals(1200, 40, 4);
  const accumulator = accumulateStatistics(40);
  const first = [accumulator.add(part(x, 0, 700)), accumulator.add(part(x, 700, 800))];
  const middle = accumulator.result();
  const last = accumulator.add(part(x, 800, 1200));
  assertSame(await middle, twoPass(part(x, 0, 800)), 1e-12);
  await Promise.all([...first, last]);
  assertSame(await accumulator.result(), twoPass(x), 1e-12);
});

test('statistics of two sets together are those of their union', async () => {
  const x = mapped(normals(300, 4, 5), (v, axis) => axis * 1000 + v);
  const [a, b] = [await featureStatistics(part(x, 0, 90)), await featureStatistics(part(x, 90, 300))];
  assertSame(mergeStatistics(a, b), twoPass(x), 1e-9);
  assertSame(mergeStatistics(b, a), twoPass(x), 1e-9);
  assert.throws(() => mergeStatistics(a, { ...b, d: 5 }), /b\.d must be that of a, 4, got 5/);
});

test('points of another dimension or with a number that is not finite are refused and not counted', async () => {
  const accumulator = accumulateStatistics(3);
  await assert.rejects(accumulator.result(), /n must be an integer from 2/);
  const x = normals(10, 3, 6);
  await accumulator.add(x);
  await assert.rejects(accumulator.add(normals(10, 2, 6)), /points\.d must be 3, got 2/);
  await assert.rejects(accumulator.add(mapped(x, (v, axis) => (axis === 2 ? NaN : v))), /row 0 must be finite numbers/);
  assertSame(await accumulator.result(), twoPass(x), 1e-14);
  await assert.rejects(featureStatistics(normals(1, 3, 7)), /n must be an integer from 2/);
  assert.throws(() => accumulateStatistics(0), /d must be an integer from 1/);
});

test('a signal stops it, and what comes later is counted still', async () => {
  const controller = new AbortController();
  const x = normals(1024, 20, 8);
  const accumulator = accumulateStatistics(20, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(accumulator.add(x), /enough/);
});
