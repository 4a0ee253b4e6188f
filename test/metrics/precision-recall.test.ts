import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifold, precisionRecall } from '../../src/metrics';
import { plainMeasures, plainRadii } from './balls';
import { goldenNumbers, goldenPoints } from './golden';
import { close, mapped, normals, reversed } from './sets';

type Recorded = {
  k: number;
  precision: number;
  recall: number;
  radii_real_first5: number[];
  radii_fake_first5: number[];
};
const golden = goldenNumbers<{ prdc: { values: Recorded[] } }>('features').prdc.values;
const [real, fake] = [goldenPoints('features')('feat/real'), goldenPoints('features')('feat/fake')];

const numbers = (...values: number[]): Points => ({ data: Float32Array.from(values), n: values.length, d: 1 });

/** The two shares alone. */
const shares = async (...args: Parameters<typeof precisionRecall>): Promise<[number, number]> => {
  const { precision, recall } = await precisionRecall(...args);
  return [precision, recall];
};

for (const { k, precision, recall, radii_real_first5, radii_fake_first5 } of golden)
  test(`precision, recall and radii of the recorded features at k = ${k} are the reference values`, async () => {
    assert.deepEqual(await precisionRecall(fake, real, { k }), { precision, recall, k, n: 100, nReference: 120 });
    for (const [set, radii] of [
      [real, radii_real_first5],
      [fake, radii_fake_first5],
    ] as const) {
      const { nearest } = await manifold(set, { k });
      radii.forEach((radius, i) => assert.ok(close(nearest[i * k + k - 1], radius, 1e-13)));
    }
  });

test('k is 3 by default, and manifolds of more neighbours give what the points give', async () => {
  const expected = await precisionRecall(fake, real);
  assert.equal(expected.k, 3);
  const [made, reference] = [await manifold(fake), await manifold(real, { k: 7 })];
  assert.deepEqual(await precisionRecall(made, reference), expected);
  assert.deepEqual(await precisionRecall(fake, reference), expected);
  await assert.rejects(precisionRecall(made, reference, { k: 6 }), /k must be at most that of the manifold.* 5, got 6/);
});

test('equal sets have both 1, sets far apart both 0', async () => {
  const x = normals(60, 4, 1);
  assert.deepEqual(await shares(reversed(x), x), [1, 1]);
  assert.deepEqual(await shares(mapped(x, v => v + 100), x), [0, 0]); // prettier-ignore
});

test('samples of one of two heaps: precision 1, recall about half', async () => {
  const heaps = normals(400, 2, 2);
  heaps.data.forEach((v, i) => (heaps.data[i] = i % 4 === 0 ? v + 50 : v)); // every second point moves along one axis
  const one = mapped(normals(200, 2, 3), v => 0.5 * v);
  const [precision, recall] = await shares(one, heaps);
  assert.ok(precision > 0.99, String(precision));
  assert.ok(recall < 0.5 && recall > 0.3, String(recall));
});

test('a point on the surface of a ball is outside, and so is every point of a ball of radius 0', async () => {
  // k = 1: balls of radius 1 about 0, 1, 2, with 3 on the surface of one; those of the samples have radius 1/2 and touch 2
  assert.deepEqual(await shares(numbers(3, 3.5, 2.5), numbers(0, 1, 2), { k: 1 }), [1 / 3, 0]);
  // the reference's points all have a double, so radius 0; the samples' balls have radius 3
  assert.deepEqual(await shares(numbers(0, 3), numbers(0, 0, 2, 2), { k: 1 }), [0, 1]);
  // with k = 2, their balls reach the other pair
  assert.deepEqual(await shares(numbers(0, 3, 9), numbers(0, 0, 2, 2), { k: 2 }), [2 / 3, 1]);
});

test('a heap of equal points, one point apart: radii 0 but for that one, whose ball holds nothing but itself', async () => {
  const heap = mapped(normals(600, 8, 0), () => 0.25);
  heap.data.fill(-1, 0, 8);
  const { nearest } = await manifold(heap, { k: 2 });
  assert.deepEqual(nearest.slice(0, 2), Float64Array.of(Math.sqrt(8 * 1.25 ** 2), Math.sqrt(8 * 1.25 ** 2)));
  assert.ok(nearest.slice(2).every(radius => radius === 0));
  assert.deepEqual(await shares(heap, heap), [1 / 600, 1 / 600]);
});

/** Points of whole numbers, where many distances tie. */
const lattice = (n: number, d: number, seed: number, spread: number): Points =>
  mapped(normals(n, d, seed), v => Math.round(spread * v));

test('with ties, in blocks of any size, the shares are those of the definition', async () => {
  const [x, y] = [lattice(50, 3, 4, 2), lattice(61, 3, 5, 1.5)];
  for (const k of [1, 3, 8]) {
    const { precision, recall } = plainMeasures(x, y, k);
    for (const block of [1, 7, 50, 512]) assert.deepEqual(await shares(x, y, { k, block }), [precision, recall]);
  }
});

test('where products in float32 cannot tell distances apart, they are still exact', async () => {
  const tight = (seed: number): Points =>
    mapped(normals(300, 32, seed), (v, axis) => Math.fround(v * 2 ** -9) + (axis === 0 ? 64 : 0));
  const spread = (set: Points): Points => ({ ...set, data: set.data.map((v, i) => (i % 64 < 32 ? v : -v)) }); // two heaps
  const [x, y] = [spread(tight(6)), spread(tight(7))];
  const { nearest } = await manifold(x, { k: 3 });
  plainRadii(x, 3).forEach((radius, i) => assert.equal(nearest[3 * i + 2], radius));
  const { precision, recall } = plainMeasures(x, y, 3);
  assert.ok(precision > 0 && precision < 1);
  assert.deepEqual(await shares(x, y), [precision, recall]);
});

test('order, the side that a set is on, a far mean and the unit change nothing', async () => {
  const [x, y] = [lattice(80, 3, 8, 20), lattice(70, 3, 9, 24)];
  const [precision, recall] = await shares(x, y);
  assert.deepEqual(await shares(reversed(x), reversed(y)), [precision, recall]);
  assert.deepEqual(await shares(y, x), [recall, precision]);
  for (const change of [(v: number) => v + 2 ** 16, (v: number) => v * 2 ** 100, (v: number) => v * 2 ** -140])
    assert.deepEqual(await shares(mapped(x, change), mapped(y, change)), [precision, recall]);
});

test('progress rises to 1 and an abort stops with its reason', async () => {
  const [x, y] = [normals(40, 3, 10), normals(40, 3, 11)];
  const shown: number[] = [];
  await precisionRecall(x, y, { block: 4, onProgress: share => shown.push(share) });
  assert.ok(shown.length > 10 && shown.every((share, i) => i === 0 || share > shown[i - 1]));
  assert.equal(shown.at(-1), 1);
  await assert.rejects(precisionRecall(x, y, { signal: AbortSignal.abort(new Error('enough')) }), /enough/);
});

test('bad sets and options are refused', async () => {
  const x = normals(10, 2, 12);
  const spoiled = { ...x, data: x.data.map((v, i) => (i === 19 ? -Infinity : v)) };
  await assert.rejects(precisionRecall(spoiled, x), /samples: row 9 must be finite numbers, got -Infinity/);
  await assert.rejects(precisionRecall(x, normals(10, 3, 0)), /reference\.d/);
  await assert.rejects(precisionRecall(x, normals(4, 2, 0), { k: 4 }), /k must be an integer from 1 to 3, got 4/);
  await assert.rejects(precisionRecall(x, normals(1, 2, 0)), /reference\.n/);
  await assert.rejects(manifold(x, { k: 10 }), /manifold: k must be an integer from 1 to 9/);
  await assert.rejects(precisionRecall(x, x, { neighbours: 3 } as never), /unknown option/);
  const made = { ...(await manifold(x)), nearest: new Float64Array(3) };
  await assert.rejects(precisionRecall(made, x), /samples\.nearest must be n \* k = 50 numbers, got 3/);
});
