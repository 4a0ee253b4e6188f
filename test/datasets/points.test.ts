import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  indexRange as range,
  type MixtureName,
  mixtures,
  networkUnits,
  points,
  type PointsName,
  pointsNames,
  type PointsOptions,
} from '../../src/datasets';

const n = 20000;
/** Points number `indices` of a density, [n * 2]. */
const draw = async (name: PointsName, options: PointsOptions, indices: number[]): Promise<Float32Array> =>
  networkUnits((await points(name, options).batch(indices)).x);

/** Mean and covariance of points [n * 2]. */
const moments = (x: Float32Array): { mean: number[]; covariance: number[][] } => {
  const count = x.length / 2;
  const mean = [0, 1].map(a => range(count).reduce((sum, i) => sum + x[2 * i + a], 0) / count);
  const covariance = [0, 1].map(a =>
    [0, 1].map(
      b => range(count).reduce((sum, i) => sum + (x[2 * i + a] - mean[a]) * (x[2 * i + b] - mean[b]), 0) / count,
    ),
  );
  return { mean, covariance };
};

for (const name of pointsNames) {
  let x: Float32Array;
  before(async () => {
    x = await draw(name, { seed: 3 }, range(n));
  });

  test(`${name}: mean 0 and deviation 0.5 over both coordinates`, () => {
    const { mean, covariance } = moments(x);
    for (const m of mean) assert.ok(Math.abs(m) < 0.02, `mean ${m}`); // 0.5 / sqrt(20000) = 0.0035
    const deviation = Math.sqrt((covariance[0][0] + covariance[1][1]) / 2);
    assert.ok(Math.abs(deviation - 0.5) < 0.01, `deviation ${deviation}`);
  });

  test(`${name}: a sample depends on seed, split and index only`, async () => {
    const alone = await draw(name, { seed: 3 }, [77]);
    assert.deepEqual(alone, x.slice(154, 156));
    assert.notDeepEqual(alone, await draw(name, { seed: 3, split: 'test' }, [77]));
    assert.notDeepEqual(alone, await draw(name, { seed: 4 }, [77]));
  });
}

for (const name of Object.keys(mixtures) as MixtureName[]) {
  const { weights, means, covariances } = mixtures[name];

  test(`${name}: weights sum to one and covariances are positive definite`, () => {
    assert.ok(Math.abs(weights.reduce((a, b) => a + b) - 1) < 1e-12);
    for (const [[a, b], [c, d]] of covariances) {
      assert.equal(b, c);
      assert.ok(a > 0 && a * d - b * c > 0);
    }
  });

  test(`${name}: the covariance of the samples is the mixture's`, async () => {
    const exact = [0, 1].map(a =>
      [0, 1].map(b => weights.reduce((sum, w, k) => sum + w * (covariances[k][a][b] + means[k][a] * means[k][b]), 0)),
    );
    const { covariance } = moments(await draw(name, { seed: 5 }, range(n)));
    for (const a of [0, 1])
      for (const b of [0, 1]) assert.ok(Math.abs(covariance[a][b] - exact[a][b]) < 0.012, `[${a}][${b}]`);
  });
}

test('checkerboard: 18 modes of deviation 0.04, their neighbours at 45 degrees, deviation 0.5 in each coordinate', () => {
  const { weights, means, covariances } = mixtures.checkerboard;
  assert.equal(weights.length, 18);
  for (const covariance of covariances)
    assert.deepEqual(covariance, [
      [0.04 ** 2, 0],
      [0, 0.04 ** 2],
    ]);
  // columns are uniform over six places h apart, whose variance is 35/12 h^2
  const h = Math.sqrt(((0.25 - 0.0016) * 12) / 35);
  const nearest = means.map(([x, y], i) =>
    Math.min(...means.flatMap(([u, v], j) => (i === j ? [] : [Math.hypot(x - u, y - v)]))),
  );
  for (const distance of nearest) assert.ok(Math.abs(distance - Math.SQRT2 * h) < 1e-12);
  for (const axis of [0, 1]) {
    const variance = means.reduce((sum, mean) => sum + mean[axis] ** 2 / 18, 0) + 0.0016;
    assert.ok(Math.abs(variance - 0.25) < 1e-12);
  }
});

test('checkerboard: samples fall on all modes equally often', async () => {
  const counts = new Array<number>(18).fill(0);
  const x = await draw('checkerboard', {}, range(n));
  for (const i of range(n)) {
    const distances = mixtures.checkerboard.means.map(([u, v]) => Math.hypot(x[2 * i] - u, x[2 * i + 1] - v));
    counts[distances.indexOf(Math.min(...distances))]++;
  }
  const chiSquare = counts.reduce((sum, count) => sum + (count - n / 18) ** 2 / (n / 18), 0);
  assert.ok(chiSquare < 40.8, `chi-square with 17 degrees of freedom, p > 0.001: ${chiSquare}`);
});

test('an unknown density is refused with the known names', () => {
  assert.throws(() => points('chequerboard' as never), /one of 'checkerboard'/);
});
