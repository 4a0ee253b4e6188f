import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factorise } from '../../../src/diffusion';
import { theory } from '../../../src/studies';
import { gaussian } from './gaussian';

const { interpolated, kolmogorov, mixtureCdf, mixtureQuantile, normalCdf, normalLaw, pushed, wasserstein2, withNoise } =
  theory;

const near = (got: number, wanted: number, tolerance: number): void =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got}, wanted ${wanted} to ${tolerance}`);

test('the normal distribution function: values of printed tables, on both sides and far out', () => {
  near(normalCdf(0), 0.5, 1e-16);
  near(normalCdf(1), 0.8413447460685429, 1e-15);
  near(normalCdf(-2), 0.02275013194817921, 1e-15);
  near(normalCdf(-3) / 0.0013498980316300946, 1, 1e-13);
  near(normalCdf(-6) / 9.865876450376981e-10, 1, 1e-12);
  near(normalCdf(2.999999) - normalCdf(3.000001), -2e-6 * 0.004431848411938008, 1e-13); // no step where the method changes
});

test('quantiles undo the distribution function of a mixture; for one Gaussian with noise they are its own', () => {
  const two = factorise(theory.twoModes());
  for (const level of [1e-6, 0.1, 0.5, 0.6, 0.93])
    near(mixtureCdf(two, mixtureQuantile(two, level, 0.3), 0.3), level, 1e-12);
  near(mixtureQuantile(factorise(gaussian(0.6, 0.2)), 0.8413447460685429, 0.8), 1.2, 1e-9); // mean + deviation 1
});

test('tables of laws: noise adds variances, maps move quantiles, W2 of Gaussians in closed form', () => {
  const law = withNoise(normalLaw(0.6, 401), 0.8);
  assert.ok(wasserstein2(law, factorise(gaussian(1))) < 1e-3);
  near(wasserstein2(normalLaw(0.6, 401), factorise(gaussian(1, 0.3))), Math.hypot(0.4, 0.3), 1e-4);
  near(wasserstein2(pushed(law, x => 2 * x + 1), factorise(gaussian(1))), Math.hypot(1, 1), 1e-3); // prettier-ignore
  near(wasserstein2(withNoise(normalLaw(1, 401), 0.8, 0.6), factorise(gaussian(1))), 0, 1e-3); // a^2 + sigma^2 = 1
  near(kolmogorov(normalLaw(1, 801), factorise(gaussian(1, 0.5))), 2 * normalCdf(0.25) - 1, 1e-4);
  assert.throws(() => pushed(law, x => -x), /a map that rises/);
});

test('interpolation goes through its points and on beyond the ends', () => {
  const f = interpolated([0, 1, 3], [0, 2, 3]);
  assert.deepEqual([-1, 0, 0.5, 1, 2, 3, 5].map(f), [-2, 0, 1, 2, 2.5, 3, 4]); // prettier-ignore
});

test('two modes have mean zero', () => {
  const { weights, means } = theory.twoModes(1.7);
  near(weights[0] * means[0][0] + weights[1] * means[1][0], 0, 1e-15);
});
