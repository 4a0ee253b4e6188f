import {
  type FeatureStatistics,
  frechet,
  frechetDistance,
  type Points,
  slicedWassersteinAlong,
  wasserstein,
} from '../../src/metrics';
import type { Fixture, Json } from './fixture';
import { absent, type Measure, scalar, TYPICAL } from './measure';

const pointsOf = ({ host }: Fixture, name: string): Points => {
  const { data, shape } = host(name);
  return { data: Float32Array.from(data as Float32Array), n: shape[0], d: shape[1] };
};

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

const featureMetrics = (fixture: Fixture): Measure[] => {
  const { json } = fixture;
  const known = ['sliced_wasserstein', 'exact_w2'];
  const others = Object.keys(json).filter(key => typeof json[key] === 'object' && !known.includes(key));
  const measures = others.map(absent);
  if (json.sliced_wasserstein) {
    const [x, y, along] = ['x', 'y', 'projections'].map(name => pointsOf(fixture, `sw/${name}`));
    const { sw2 } = json.sliced_wasserstein as { sw2: number };
    measures.push(scalar('sliced W2', slicedWassersteinAlong(x, y, along).value, sw2, 1e-7)); // float32 directions
  }
  if (json.exact_w2)
    for (const [name, { w2 }] of Object.entries((json.exact_w2 as Json).cases as Record<string, { w2: number }>)) {
      const [x, y] = ['x', 'y'].map(set => pointsOf(fixture, `w2/${name}/${set}`));
      measures.push(scalar(`W2 ${name}`, wasserstein(x, y).value, w2, TYPICAL.float64));
    }
  return measures;
};

/** metrics/: Fréchet distances, and of the distances between sets those that src/metrics has. */
export const metrics = (fixture: Fixture): Promise<Measure[]> =>
  fixture.json.cases ? frechetCases(fixture) : Promise.resolve(featureMetrics(fixture));
