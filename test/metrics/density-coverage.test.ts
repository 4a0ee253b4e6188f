import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { densityCoverage, manifold } from '../../src/metrics';
import { plainMeasures } from './balls';
import { goldenNumbers, goldenPoints } from './golden';
import { close, mapped, normals, reversed } from './sets';

type Recorded = { k: number; density: number; coverage: number };
const golden = goldenNumbers<{ prdc: { values: Recorded[] } }>('features').prdc.values;
const [real, fake] = [goldenPoints('features')('feat/real'), goldenPoints('features')('feat/fake')];

const numbers = (...values: number[]): Points => ({ data: Float32Array.from(values), n: values.length, d: 1 });

for (const { k, density, coverage } of golden)
  test(`density and coverage of the recorded features at k = ${k} are the reference values`, async () => {
    const measured = await densityCoverage(fake, real, { k });
    assert.ok(close(measured.density, density, 1e-15));
    assert.deepEqual(measured, { density: measured.density, coverage, k, n: 100, nReference: 120 });
  });

test('k is 5 by default, and a manifold gives what the points give', async () => {
  const expected = await densityCoverage(fake, real);
  assert.equal(expected.k, 5);
  assert.deepEqual(await densityCoverage(fake, await manifold(real)), expected);
  await assert.rejects(
    densityCoverage(fake, await manifold(real, { k: 4 })),
    /that of the manifold given as reference/,
  );
});

test('by hand: k = 1, three balls of radius 1', async () => {
  // 0.5 lies in two balls, 1 in one (on the surface of two), 9 in none
  const { density, coverage } = await densityCoverage(numbers(0.5, 1, 9), numbers(0, 1, 2), { k: 1 });
  assert.deepEqual([density, coverage], [3 / 3, 2 / 3]);
  // a single sample is enough to ask about
  assert.deepEqual((await densityCoverage(numbers(1.5), numbers(0, 1, 2), { k: 1 })).coverage, 2 / 3);
});

test('between sets of one distribution, density is 1 and coverage 1 - C(m - 1, k) / C(n + m - 1, k) in expectation', async () => {
  const [n, m, k, repeats] = [60, 50, 3, 40];
  let [density, coverage] = [0, 0];
  for (let s = 0; s < repeats; s++) {
    const measured = await densityCoverage(normals(n, 3, 2 * s), normals(m, 3, 2 * s + 1), { k });
    density += measured.density / repeats;
    coverage += measured.coverage / repeats;
  }
  let missed = 1; // none of the k nearest of n + m - 1 other points is a sample
  for (let i = 0; i < k; i++) missed *= (m - 1 - i) / (n + m - 1 - i);
  assert.ok(close(coverage, 1 - missed, 0.02), `${coverage}, expected ${1 - missed}`);
  assert.ok(close(density, 1, 0.05), String(density));
});

test('equal sets are covered, sets far apart have both 0, and an outlier among the samples costs its share only', async () => {
  const x = normals(60, 4, 1);
  assert.equal((await densityCoverage(reversed(x), x)).coverage, 1);
  const far = await densityCoverage(mapped(x, v => v + 100), x); // prettier-ignore
  assert.deepEqual([far.density, far.coverage], [0, 0]);
  const one = { ...x, data: x.data.map((v, i) => (i < 4 ? 1000 : v)) };
  assert.ok((await densityCoverage(one, x)).coverage > 0.9);
});

test('with ties and duplicates, in blocks of any size, the values are those of the definition', async () => {
  const lattice = (n: number, seed: number): Points => mapped(normals(n, 2, seed), v => Math.round(2 * v));
  const [x, y] = [lattice(50, 2), lattice(61, 3)];
  for (const k of [1, 5]) {
    const { density, coverage } = plainMeasures(x, y, k);
    for (const block of [1, 9, 512]) {
      const measured = await densityCoverage(x, y, { k, block });
      assert.deepEqual([measured.density, measured.coverage], [density, coverage]);
    }
  }
});

test('bad sets and options are refused', async () => {
  const x = normals(10, 2, 4);
  await assert.rejects(densityCoverage(x, { ...x, data: x.data.map(() => NaN) }), /reference: row 0 must be finite/);
  await assert.rejects(densityCoverage(x, normals(5, 2, 0)), /k must be an integer from 1 to 4, got 5/);
  await assert.rejects(densityCoverage(x, normals(10, 1, 0)), /reference\.d/);
});
