import { type FeatureStatistics, frechet, frechetDistance } from '../../src/metrics';
import { featureMetrics, pointsOf } from './feature-metrics';
import type { Fixture } from './fixture';
import { type Measure, scalar, TYPICAL } from './measure';

type Case = { frechet_eig: number; difference: number; trace_a: number };
type Statistics = Record<'mu_a' | 'mu_b', number[]> & Record<'sigma_a' | 'sigma_b', number[][]> & { frechet: number };

/**
 * Fréchet distances relative to a trace, which a difference of traces cannot be known better than. Where there are fewer
 * points than dimensions the recorded value itself is uncertain by the difference between its two computations.
 */
const frechetCases = async (fixture: Fixture): Promise<Measure[]> => {
  const measures: Measure[] = [];
  for (const [name, recorded] of Object.entries(fixture.json.cases as Record<string, Case>)) {
    const { value } = await frechet(pointsOf(fixture, `${name}/a`), pointsOf(fixture, `${name}/b`));
    measures.push({
      quantity: name,
      error: Math.abs(value - recorded.frechet_eig) / recorded.trace_a,
      floor: Math.max(1e-12, recorded.difference / recorded.trace_a),
    });
  }
  const statistics = (mean: number[], covariance: number[][]): FeatureStatistics => ({
    n: 2,
    d: mean.length,
    mean: Float64Array.from(mean),
    covariance: Float64Array.from(covariance.flat()),
  });
  const given = fixture.json.from_statistics as Statistics | undefined;
  if (!given) return measures;
  const { value } = await frechetDistance(statistics(given.mu_a, given.sigma_a), statistics(given.mu_b, given.sigma_b));
  return [...measures, scalar('from statistics', value, given.frechet, TYPICAL.float64)];
};

/** metrics/: Fréchet distances, and the other metrics on features. */
export const metrics = (fixture: Fixture): Promise<Measure[]> =>
  fixture.json.cases ? frechetCases(fixture) : featureMetrics(fixture);
