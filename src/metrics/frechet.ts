import type { Points } from '../compute/host-arrays';
import { fail } from '../compute/check';
import { featureStatistics, type FeatureStatistics, type StatisticsOptions } from './feature-statistics';
import { expectPair, type Measurement } from './measurement';
import { rootTrace } from './root-trace';
import { expectSameFeatures, type WithFeatures } from './same-features';

const checkStatistics = (name: string, { d, mean, covariance }: FeatureStatistics): void => {
  for (const [part, numbers, size] of [
    ['mean', mean, d],
    ['covariance', covariance, d * d],
  ] as const) {
    if (numbers.length !== size) fail('frechetDistance', `${name}.${part}`, `${size} numbers`, numbers.length);
    const bad = numbers.find(value => !Number.isFinite(value));
    if (bad !== undefined) fail('frechetDistance', `${name}.${part}`, 'finite numbers', bad);
  }
};

const trace = ({ covariance, d }: FeatureStatistics): number => {
  let sum = 0;
  for (let i = 0; i < d; i++) sum += covariance[i * d + i];
  return sum;
};

/**
 * Fréchet distance between Gaussians with the given statistics,
 * |mu_a - mu_b|^2 + tr(A + B - 2 sqrt(A B)) (Dowson and Landau 1982; in Inception features: FID, Heusel et al. 2017).
 * Float64 throughout; fewer points than dimensions are no difficulty for the arithmetic, though the value is then
 * mostly bias. Large dimensions are computed in a thread of their own (times: bench/frechet.json).
 * @throws ArgumentError when the dimensions or the features differ, or numbers are not finite; the signal's reason
 */
export const frechetDistance = async (
  samples: FeatureStatistics & WithFeatures,
  reference: FeatureStatistics & WithFeatures,
  { signal, engine }: StatisticsOptions = {},
): Promise<Measurement> => {
  const { d } = samples;
  if (d !== reference.d) fail('frechetDistance', 'reference.d', `that of the samples, ${d}`, reference.d);
  expectSameFeatures('frechetDistance', samples, reference);
  checkStatistics('samples', samples);
  checkStatistics('reference', reference);
  const shift = samples.mean.reduce((sum, mean, i) => sum + (mean - reference.mean[i]) ** 2, 0);
  const root = await rootTrace({ a: samples.covariance, b: reference.covariance, d, engine }, signal);
  const value = shift + trace(samples) + trace(reference) - 2 * root;
  return { value: Math.max(0, value), n: samples.n, nReference: reference.n };
};

/** Fréchet distance between two sets of points or feature vectors; at least two points each. */
export const frechet = async (
  samples: Points,
  reference: Points,
  options: StatisticsOptions = {},
): Promise<Measurement> => {
  expectPair('frechet', samples, reference, 2);
  const statistics = await featureStatistics(samples, options);
  return frechetDistance(statistics, await featureStatistics(reference, options), options);
};
