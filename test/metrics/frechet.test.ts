import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Matrix, SVD } from 'ml-matrix';
import type { FeatureStatistics } from '../../src/metrics';
import { accumulateStatistics, featureStatistics, frechet, frechetDistance } from '../../src/metrics';
import { goldenNumbers, goldenPoints } from './golden';
import { close, mapped, normals } from './sets';

type Golden = {
  cases: Record<string, { frechet_eig: number; trace_a: number }>;
  from_statistics: { mu_a: number[]; sigma_a: number[][]; mu_b: number[]; sigma_b: number[][]; frechet: number };
};
const golden = goldenNumbers<Golden>('frechet');
const goldenSet = goldenPoints('frechet');

const statistics = (mean: number[], covariance: number[][]): FeatureStatistics => ({
  n: 1000,
  d: mean.length,
  mean: Float64Array.from(mean),
  covariance: Float64Array.from(covariance.flat()),
});

for (const [name, { frechet_eig, trace_a }] of Object.entries(golden.cases))
  test(`the Fréchet distance of ${name} is the reference's`, () => {
    const [a, b] = [goldenSet(`${name}/a`), goldenSet(`${name}/b`)];
    const { value, n, nReference } = frechet(a, b);
    // the reference keeps the roots of eigenvalues that are rounding noise: 1e-6 where half of them are zero
    const tolerance = name === 'rank_deficient' ? 1e-7 : 1e-11;
    assert.ok(Math.abs(value - frechet_eig) < tolerance * trace_a, `${value}, expected ${frechet_eig}`);
    assert.deepEqual([n, nReference], [a.n, b.n]);
  });

test('with fewer points than dimensions, tr sqrt(A B) is the nuclear norm of the product of the centred sets', () => {
  const [a, b] = [goldenSet('rank_deficient/a'), goldenSet('rank_deficient/b')];
  const centred = ({ data, n, d }: typeof a): { mean: number[]; rows: Matrix } => {
    const rows = Matrix.from1DArray(n, d, data);
    const mean = rows.mean('column');
    return { mean, rows: rows.subRowVector(mean).div(Math.sqrt(n - 1)) };
  };
  const [x, y] = [centred(a), centred(b)];
  const squares = (values: number[]): number => values.reduce((sum, v) => sum + v * v, 0);
  const nuclear = new SVD(x.rows.mmul(y.rows.transpose())).diagonal.reduce((sum, v) => sum + v, 0);
  const expected =
    squares(x.mean.map((m, i) => m - y.mean[i])) +
    squares(x.rows.to1DArray()) +
    squares(y.rows.to1DArray()) -
    2 * nuclear;
  assert.ok(close(frechet(a, b).value, expected, 1e-12), `${frechet(a, b).value}, expected ${expected}`);
});

test('the Fréchet distance from statistics is the reference value', () => {
  const { mu_a, sigma_a, mu_b, sigma_b, frechet: expected } = golden.from_statistics;
  assert.ok(close(frechetDistance(statistics(mu_a, sigma_a), statistics(mu_b, sigma_b)).value, expected, 1e-12));
});

test('Gaussians with commuting covariances: |shift|^2 plus the squared differences of deviations', () => {
  const a = statistics([1, 2, 3], [[4, 0, 0], [0, 9, 0], [0, 0, 0]]); // prettier-ignore
  const b = statistics([1, 0, 3], [[1, 0, 0], [0, 25, 0], [0, 0, 4]]); // prettier-ignore
  const expected = 2 ** 2 + (2 - 1) ** 2 + (3 - 5) ** 2 + (0 - 2) ** 2;
  assert.ok(close(frechetDistance(a, b).value, expected, 1e-12));
  assert.ok(close(frechetDistance(b, a).value, expected, 1e-12));
});

test('a set scaled by c about its mean is (1 - c)^2 times its total variance away', () => {
  const x = normals(300, 5, 1);
  const { mean, covariance } = featureStatistics(x);
  const variance = [0, 1, 2, 3, 4].reduce((sum, i) => sum + covariance[6 * i], 0);
  const scaled = mapped(x, (v, axis) => mean[axis] + 3 * (v - mean[axis]));
  assert.ok(close(frechet(x, scaled).value, 4 * variance, 1e-5)); // float32 points
});

test('statistics do not depend on how the points are cut into batches, and survive a large mean', () => {
  const x = mapped(normals(500, 3, 2), (v, axis) => 4096 * axis + Math.fround(v));
  const whole = featureStatistics(x);
  const parts = accumulateStatistics(3);
  for (const [from, to] of [
    [0, 1],
    [1, 200],
    [200, 500],
  ])
    // prettier-ignore
    parts.add({ data: x.data.slice(3 * from, 3 * to), n: to - from, d: 3 });
  const { mean, covariance } = parts.result();
  mean.forEach((m, i) => assert.ok(Math.abs(m - whole.mean[i]) < 1e-9));
  // two-pass covariance, written independently
  for (const i of [0, 1, 2])
    for (const j of [0, 1, 2]) {
      let sum = 0;
      for (let p = 0; p < 500; p++) sum += (x.data[3 * p + i] - mean[i]) * (x.data[3 * p + j] - mean[j]);
      assert.ok(Math.abs(covariance[3 * i + j] - sum / 499) < 1e-9);
    }
});

test('a single point, other dimensions and empty accumulators are refused', () => {
  const x = normals(10, 2, 3);
  assert.throws(() => frechet(x, normals(1, 2, 4)), /reference\.n/);
  assert.throws(() => frechet(x, normals(10, 3, 4)), /reference\.d/);
  assert.throws(() => accumulateStatistics(2).result(), /n must be an integer from 2/);
  assert.throws(() => {
    accumulateStatistics(3).add(x);
  }, /points\.d/);
});
