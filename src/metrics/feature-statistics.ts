import { expectInteger, fail } from '../compute/check';
import type { Points } from './measurement';
import { expectPoints } from './measurement';

/** Mean and covariance of n points, in float64. */
export type FeatureStatistics = {
  n: number;
  d: number;
  mean: Float64Array; // [d]
  covariance: Float64Array; // [d * d], divided by n - 1
};

/** Gathers points batch by batch; holds d^2 numbers whatever their count. */
export type StatisticsAccumulator = {
  add: (points: Points) => void; // throws ArgumentError when the dimension is another
  result: () => FeatureStatistics; // throws ArgumentError before the second point
};

/** Streaming mean and covariance of points of dimension d. */
export const accumulateStatistics = (d: number): StatisticsAccumulator => {
  expectInteger('accumulateStatistics', 'd', d, { min: 1 });
  const origin = new Float64Array(d); // the first point: sums about it do not cancel when means are large
  const sums = new Float64Array(d);
  const products = new Float64Array(d * d); // upper triangle
  const row = new Float64Array(d);
  let n = 0;
  return {
    add: points => {
      expectPoints('accumulateStatistics.add', 'points', points);
      if (points.d !== d) fail('accumulateStatistics.add', 'points.d', `${d}`, points.d);
      if (n === 0) origin.set(points.data.subarray(0, d));
      for (let p = 0; p < points.n; p++) {
        for (let i = 0; i < d; i++) sums[i] += row[i] = points.data[p * d + i] - origin[i];
        for (let i = 0; i < d; i++) for (let j = i; j < d; j++) products[i * d + j] += row[i] * row[j];
      }
      n += points.n;
    },
    result: () => {
      expectInteger('accumulateStatistics.result', 'n', n, { min: 2 });
      const covariance = new Float64Array(d * d);
      for (let i = 0; i < d; i++)
        for (let j = i; j < d; j++) {
          const value = (products[i * d + j] - (sums[i] * sums[j]) / n) / (n - 1);
          covariance[i * d + j] = covariance[j * d + i] = value;
        }
      return { n, d, mean: sums.map((sum, i) => origin[i] + sum / n), covariance };
    },
  };
};

/** Mean and covariance of one set of points. */
export const featureStatistics = (points: Points): FeatureStatistics => {
  const accumulator = accumulateStatistics(points.d);
  accumulator.add(points);
  return accumulator.result();
};
