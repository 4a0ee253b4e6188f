import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Matrix, SVD } from 'ml-matrix';
import { featureStatistics, type FeatureStatistics, frechet, frechetDistance } from '../../src/metrics';
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
  test(`the Fréchet distance of ${name} is the reference's`, async () => {
    const [a, b] = [goldenSet(`${name}/a`), goldenSet(`${name}/b`)];
    const { value, n, nReference } = await frechet(a, b);
    // the reference keeps the roots of eigenvalues that are rounding noise: 1e-6 where half of them are zero
    const tolerance = name === 'rank_deficient' ? 1e-7 : 1e-11;
    assert.ok(Math.abs(value - frechet_eig) < tolerance * trace_a, `${value}, expected ${frechet_eig}`);
    assert.deepEqual([n, nReference], [a.n, b.n]);
  });

/** The distance from the points: tr sqrt(A B) is the nuclear norm of the product of the centred sets. */
const fromPoints = (a: Points, b: Points): number => {
  const centred = ({ data, n, d }: Points): { mean: number[]; rows: Matrix } => {
    const rows = Matrix.from1DArray(n, d, data);
    const mean = rows.mean('column');
    return { mean, rows: rows.subRowVector(mean).div(Math.sqrt(n - 1)) };
  };
  const [x, y] = [centred(a), centred(b)];
  const squares = (values: number[]): number => values.reduce((sum, v) => sum + v * v, 0);
  const product = new SVD(x.rows.mmul(y.rows.transpose()), { autoTranspose: true });
  return (
    squares(x.mean.map((m, i) => m - y.mean[i])) +
    squares(x.rows.to1DArray()) +
    squares(y.rows.to1DArray()) -
    2 * product.diagonal.reduce((sum, v) => sum + v, 0)
  );
};

test('with fewer points than dimensions, it is what the centred points give without a covariance', async () => {
  const [a, b] = [goldenSet('rank_deficient/a'), goldenSet('rank_deficient/b')];
  const [{ value }, expected] = [await frechet(a, b), fromPoints(a, b)];
  assert.ok(close(value, expected, 1e-12), `${value}, expected ${expected}`);
});

test('the Fréchet distance from statistics is the reference value', async () => {
  const { mu_a, sigma_a, mu_b, sigma_b, frechet: expected } = golden.from_statistics;
  const { value } = await frechetDistance(statistics(mu_a, sigma_a), statistics(mu_b, sigma_b));
  assert.ok(close(value, expected, 1e-12));
});

test('Gaussians with commuting covariances: |shift|^2 plus the squared differences of deviations', async () => {
  const a = statistics([1, 2, 3], [[4, 0, 0], [0, 9, 0], [0, 0, 0]]); // prettier-ignore
  const b = statistics([1, 0, 3], [[1, 0, 0], [0, 25, 0], [0, 0, 4]]); // prettier-ignore
  const expected = 2 ** 2 + (2 - 1) ** 2 + (3 - 5) ** 2 + (0 - 2) ** 2;
  assert.ok(close((await frechetDistance(a, b)).value, expected, 1e-12));
  assert.ok(close((await frechetDistance(b, a)).value, expected, 1e-12));
});

test('a set scaled by c about its mean is (1 - c)^2 times its total variance away', async () => {
  const x = normals(300, 5, 1);
  const { mean, covariance } = await featureStatistics(x);
  const variance = [0, 1, 2, 3, 4].reduce((sum, i) => sum + covariance[6 * i], 0);
  const scaled = mapped(x, (v, axis) => mean[axis] + 3 * (v - mean[axis]));
  assert.ok(close((await frechet(x, scaled)).value, 4 * variance, 1e-5)); // float32 points
});

test('where coordinates differ by ten orders of magnitude, the small ones count as they should', async () => {
  const scales = [1, 1e-4, 1e-10];
  const diagonal = (values: number[]): number[][] => values.map((v, i) => values.map((_, j) => (i === j ? v * v : 0)));
  const [a, b] = [statistics([0, 0, 0], diagonal(scales)), statistics([0, 0, 0], diagonal(scales.map(v => 2 * v)))];
  const expected = scales.reduce((sum, v) => sum + v * v, 0);
  assert.ok(close((await frechetDistance(a, b)).value, expected, 1e-14));
  const small = [statistics([0, 0, 0], diagonal([0, 0, 1e-10])), statistics([0, 0, 0], diagonal([0, 0, 3e-10]))];
  assert.ok(close((await frechetDistance(small[0], small[1])).value, 4e-20, 1e-12));
});

test('in one dimension it is the squared differences of means and of deviations', async () => {
  assert.ok(close((await frechetDistance(statistics([1], [[4]]), statistics([3], [[25]]))).value, 4 + 9, 1e-14));
  assert.equal((await frechetDistance(statistics([1], [[0]]), statistics([3], [[0]]))).value, 4);
});

test('a set is at no distance from itself, and |shift|^2 from itself moved, also where points are fewer than dimensions', async () => {
  for (const n of [40, 300]) {
    const a = await featureStatistics(normals(n, 90, 6));
    assert.ok((await frechetDistance(a, a)).value < 1e-12 * 90);
    const moved = { ...a, mean: a.mean.map(v => v + 0.5) };
    assert.ok(close((await frechetDistance(a, moved)).value, 90 / 4, 1e-11));
  }
});

test('in a thread of its own: 512 dimensions, either order, from both engines', async () => {
  const [x, y] = [normals(90, 512, 7), normals(140, 512, 8)];
  const expected = fromPoints(x, y);
  const [a, b] = [await featureStatistics(x), await featureStatistics(y)];
  const values = await Promise.all([
    frechetDistance(a, b),
    frechetDistance(b, a),
    frechetDistance(a, b, { engine: 'loops' }),
  ]);
  for (const { value } of values) assert.ok(close(value, expected, 1e-11), `${value}, expected ${expected}`);
});

test('a signal stops it', async () => {
  const a = await featureStatistics(normals(600, 512, 9));
  const controller = new AbortController();
  const running = frechetDistance(a, a, { signal: controller.signal });
  setImmediate(() => controller.abort(new Error('enough')));
  await assert.rejects(running, /enough/);
});

test('a single point, other dimensions, other features and numbers that are not finite are refused', async () => {
  const x = normals(10, 2, 3);
  await assert.rejects(frechet(x, normals(1, 2, 4)), /reference\.n/);
  await assert.rejects(frechet(x, normals(10, 3, 4)), /reference\.d/);
  const a = await featureStatistics(x);
  await assert.rejects(frechetDistance(a, { ...a, mean: Float64Array.of(0, NaN) }), /reference\.mean must be finite/);
  await assert.rejects(frechetDistance(a, { ...a, mean: new Float64Array(3) }), /reference\.mean must be 2 numbers/);
  const features = { name: 'FD-A', d: 2, sha256: 'a'.repeat(64), preprocessing: 'none' };
  const named = (name: string) => ({ ...a, features: { ...features, name } });
  await assert.rejects(frechetDistance(named('FD-A'), named('FD-B')), /same features, got FD-A .* and FD-B/);
  assert.ok((await frechetDistance(named('FD-A'), named('FD-A'))).value < 1e-12);
});
