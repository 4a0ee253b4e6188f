/* Laws on the line: exact distribution functions and quantiles of Gaussian mixtures, and laws as tables of quantiles. */
import { expectNumber, fail } from '../../compute/check';
import { factorise, type Mixture, type MixtureFactors } from '../../diffusion';

/** Two modes on the line, 3 : 2 in weight, `separation` apart, of mean zero: what most statements are measured on. */
export const twoModes = (separation = 1.2, deviation = 0.2): Mixture => ({
  weights: [0.6, 0.4],
  means: [[-0.4 * separation], [0.6 * separation]],
  covariances: [[[deviation ** 2]], [[deviation ** 2]]],
});

/** Three modes in the plane, one of them slanted. */
export const threeModes = (): Mixture => ({
  weights: [0.5, 0.3, 0.2],
  means: [
    [-0.6, -0.3],
    [0.6, -0.3],
    [0, 0.7],
  ],
  covariances: [
    [
      [0.04, 0],
      [0, 0.04],
    ],
    [
      [0.06, 0.03],
      [0.03, 0.06],
    ],
    [
      [0.03, 0],
      [0, 0.08],
    ],
  ],
});

/** @throws ArgumentError unless the mixture lies on the line. */
export const lineFactors = (where: string, mixture: Mixture): MixtureFactors => {
  const factors = factorise(mixture);
  return factors.d === 1 ? factors : fail(where, 'mixture', 'a mixture in one dimension', factors.d);
};

/** The upper tail P(Z > x) of a standard normal for x >= 0, to about 1e-15. */
const upperTail = (x: number): number => {
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (x < 3) {
    let [term, sum] = [x, x]; // the series x + x^3/3 + x^5/(3 5) + ...
    for (let k = 3; term > 1e-17 * sum; k += 2) sum += term *= (x * x) / k;
    return 0.5 - density * sum;
  }
  let fraction = x; // Laplace's continued fraction x + 1/(x + 2/(x + 3/...)), from the far end
  for (let k = 60; k >= 1; k--) fraction = x + k / fraction;
  return density / fraction;
};

/** P(Z <= x) of a standard normal, float64. */
export const normalCdf = (x: number): number => (x > 0 ? 1 - upperTail(x) : upperTail(-x));

/** P(X <= x) for X from the mixture with noise of level sigma added. */
export const mixtureCdf = ({ logWeights, means, variances }: MixtureFactors, x: number, sigma = 0): number =>
  logWeights.reduce(
    (sum, l, k) => sum + Math.exp(l) * normalCdf((x - means[k]) / Math.hypot(Math.sqrt(variances[k]), sigma)),
    0,
  );

/** The range that holds all but about 1e-15 of a mixture with noise of level sigma added. */
export const lineRange = ({ means, variances }: MixtureFactors, sigma = 0, deviations = 8): [number, number] => {
  const reach = Array.from(variances, l => deviations * Math.hypot(Math.sqrt(l), sigma));
  return [Math.min(...means.map((m, k) => m - reach[k])), Math.max(...means.map((m, k) => m + reach[k]))];
};

/** x with P(X <= x) = level, for X from the mixture with noise of level sigma added; by bisection, level in (0, 1). */
export const mixtureQuantile = (factors: MixtureFactors, level: number, sigma = 0): number => {
  let [low, high] = lineRange(factors, sigma, 10);
  for (let i = 0; i < 60; i++) {
    const middle = 0.5 * (low + high);
    if (mixtureCdf(factors, middle, sigma) < level) low = middle;
    else high = middle;
  }
  return 0.5 * (low + high);
};

/** `count` equally spaced numbers from `from` to `to`, both included. */
export const spaced = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

/** `count` numbers from `from` to `to` with equal ratios, both included and positive. */
export const logSpaced = (from: number, to: number, count: number): number[] =>
  spaced(Math.log(from), Math.log(to), count).map(Math.exp);

/** A law on the line: `values[j]` is its quantile at `levels[j]`; both rise. Between them it is linear. */
export type LineLaw = { levels: Float64Array; values: Float64Array };

/** Masses and middles of the cells of a table. */
const cells = ({ levels, values }: LineLaw): { mass: Float64Array; middle: Float64Array } => ({
  mass: levels.slice(1).map((level, j) => level - levels[j]),
  middle: values.slice(1).map((value, j) => 0.5 * (value + values[j])),
});

/** N(0, deviation^2) as a table. */
export const normalLaw = (deviation: number, points: number): LineLaw => {
  const z = Float64Array.from(spaced(-8, 8, points));
  return { levels: z.map(normalCdf), values: z.map(x => deviation * x) };
};

/** The law of factor X + sigma eps. */
export const withNoise = (law: LineLaw, sigma: number, factor = 1): LineLaw => {
  expectNumber('withNoise', 'sigma', sigma, { above: 0 });
  const { mass, middle } = cells(law);
  const total = mass.reduce((a, b) => a + b, 0);
  const n = law.values.length;
  const reach = 8 * sigma;
  const values = Float64Array.from(spaced(factor * law.values[0] - reach, factor * law.values[n - 1] + reach, n));
  const levels = values.map(x => {
    let below = 0;
    for (let j = 0; j < mass.length; j++) {
      const z = (x - factor * middle[j]) / sigma;
      if (z > -8.5) below += z > 8.5 ? mass[j] : mass[j] * normalCdf(z);
    }
    return below / total;
  });
  return { levels, values };
};

/**
 * The law of g(X).
 * @throws ArgumentError when g falls somewhere by more than rounding: the table would not be one of quantiles.
 */
export const pushed = ({ levels, values }: LineLaw, g: (x: number, level: number) => number): LineLaw => {
  const images = values.map((x, j) => g(x, levels[j]));
  for (let j = 1; j < images.length; j++)
    if (images[j] < images[j - 1] - 1e-9) fail('pushed', 'g', 'a map that rises', [images[j - 1], images[j]]);
  return { levels, values: images };
};

/** W2 between a law and a mixture with noise of level sigma added: the distance in the mean square of their quantiles. */
export const wasserstein2 = (law: LineLaw, factors: MixtureFactors, sigma = 0): number => {
  const { mass } = cells(law);
  const gaps = Array.from(law.levels, (level, j) =>
    level > 1e-13 && level < 1 - 1e-13 ? law.values[j] - mixtureQuantile(factors, level, sigma) : 0,
  );
  // Simpson's weights would gain little: the gaps are smooth, the levels are not evenly spaced
  const square = mass.reduce(
    (sum, m, j) => sum + (m * (gaps[j] ** 2 + gaps[j] * gaps[j + 1] + gaps[j + 1] ** 2)) / 3,
    0,
  );
  return Math.sqrt(square);
};

/** The largest difference of the distribution functions of a law and a mixture, over the table's values. */
export const kolmogorov = (law: LineLaw, factors: MixtureFactors): number =>
  law.values.reduce((most, x, j) => Math.max(most, Math.abs(law.levels[j] - mixtureCdf(factors, x))), 0);

/** Piecewise linear through (xs, ys) with rising xs; beyond the ends it goes on as in the last cell. */
export const interpolated = (xs: ArrayLike<number>, ys: ArrayLike<number>): ((x: number) => number) => {
  const n = xs.length;
  return x => {
    let [low, high] = [0, n - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] <= x) low = middle;
      else high = middle;
    }
    return ys[low] + ((ys[high] - ys[low]) * (x - xs[low])) / (xs[high] - xs[low]);
  };
};
