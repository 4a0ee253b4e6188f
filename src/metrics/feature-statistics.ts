import type { Points } from '../compute/host-arrays';
import { expectInteger, fail } from '../compute/check';
import { productTransposed } from '../compute/onnx';
import { expectPoints } from './measurement';

/** Mean and covariance of n points, in float64. */
export type FeatureStatistics = {
  n: number;
  d: number;
  /** [d]. */
  mean: Float64Array;
  /** [d * d], divided by n - 1. */
  covariance: Float64Array;
};

/** How large products are computed, and what stops them. */
export type StatisticsOptions = {
  /** Stops between pieces of the product by throwing the signal's reason. */
  signal?: AbortSignal;
  /** What multiplies: 'runtime' is ONNX Runtime, default 'auto': the runtime where it is installed and pays. */
  engine?: 'auto' | 'runtime' | 'loops';
};

/** Gathers points batch by batch; holds two [d, d] matrices and some rows, however many points come. */
export type StatisticsAccumulator = {
  /** Rejects with ArgumentError for another dimension or a number that is not finite; such points are not counted. */
  add: (points: Points) => Promise<void>;
  /** Of all that was added before the call. Rejects with ArgumentError before the second point. */
  result: () => Promise<FeatureStatistics>;
};

const ROWS = 512; // points that one product takes in: what it costs beside them, d^2, is then small

/** The points at hand about an origin, turned [d, ROWS]; rows that are not filled are zero and add nothing. */
const rowBuffer = (d: number) => {
  const turned = new Float64Array(d * ROWS);
  let filled = 0;
  return {
    turned,
    /** Takes rows from `first` on until it is full; returns how many. */
    take: ({ data, n }: Points, first: number, origin: Float64Array, sums: Float64Array): number => {
      const count = Math.min(n - first, ROWS - filled);
      for (let p = 0; p < count; p++)
        for (let i = 0; i < d; i++) sums[i] += turned[i * ROWS + filled + p] = data[(first + p) * d + i] - origin[i];
      filled += count;
      return count;
    },
    isFull: () => filled === ROWS,
    isEmpty: () => filled === 0,
    clear: () => {
      turned.fill(0);
      filled = 0;
    },
  };
};

/**
 * Streaming mean and covariance of points of dimension d, in float64. What is added is taken in the order of the calls,
 * awaited or not; its data must not change until then.
 * @throws ArgumentError for a dimension below 1
 */
export const accumulateStatistics = (d: number, options: StatisticsOptions = {}): StatisticsAccumulator => {
  expectInteger('accumulateStatistics', 'd', d, { min: 1 });
  const where = 'accumulateStatistics.add';
  const origin = new Float64Array(d); // the first point: sums about it do not cancel when means are large
  const sums = new Float64Array(d);
  const products = new Float64Array(d * d);
  const piece = new Float64Array(d * d);
  const buffer = rowBuffer(d);
  let n = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };

  const flush = async (): Promise<void> => {
    if (buffer.isEmpty()) return;
    await productTransposed(buffer.turned, buffer.turned, { n: d, m: d, k: ROWS }, { ...options, into: piece });
    for (let i = 0; i < piece.length; i++) products[i] += piece[i];
    buffer.clear();
  };

  const take = async (points: Points): Promise<void> => {
    if (n === 0) origin.set(points.data.subarray(0, d));
    for (let first = 0; first < points.n;) {
      if (buffer.isFull()) await flush(); // here: what stops it leaves nothing half taken
      const count = buffer.take(points, first, origin, sums);
      first += count;
      n += count;
    }
  };

  return {
    add: async points => {
      expectPoints(where, 'points', points);
      if (points.d !== d) fail(where, 'points.d', `${d}`, points.d);
      const bad = points.data.findIndex(value => !Number.isFinite(value));
      if (bad >= 0) fail(where, `points: row ${Math.floor(bad / d)}`, 'finite numbers', points.data[bad]);
      await inTurn(() => take(points));
    },
    result: () =>
      inTurn(async () => {
        expectInteger('accumulateStatistics.result', 'n', n, { min: 2 });
        await flush();
        const covariance = new Float64Array(d * d);
        for (let i = 0; i < d; i++)
          for (let j = i; j < d; j++)
            covariance[i * d + j] = covariance[j * d + i] = (products[i * d + j] - (sums[i] * sums[j]) / n) / (n - 1);
        return { n, d, mean: sums.map((sum, i) => origin[i] + sum / n), covariance };
      }),
  };
};

/**
 * Mean and covariance of one set of points.
 * @throws ArgumentError for fewer than two points or a number that is not finite
 */
export const featureStatistics = (points: Points, options: StatisticsOptions = {}): Promise<FeatureStatistics> => {
  const accumulator = accumulateStatistics(points.d, options);
  return accumulator.add(points).then(accumulator.result);
};

/**
 * Statistics of two sets together, from those of each (Chan, Golub and LeVeque 1983).
 * @throws ArgumentError when the dimensions differ
 */
export const mergeStatistics = (a: FeatureStatistics, b: FeatureStatistics): FeatureStatistics => {
  if (a.d !== b.d) fail('mergeStatistics', 'b.d', `that of a, ${a.d}`, b.d);
  const { d } = a;
  const n = a.n + b.n;
  const shift = b.mean.map((mean, i) => mean - a.mean[i]);
  const covariance = a.covariance.map((value, at) => {
    const between = ((a.n * b.n) / n) * shift[Math.floor(at / d)] * shift[at % d];
    return ((a.n - 1) * value + (b.n - 1) * b.covariance[at] + between) / (n - 1);
  });
  return { n, d, mean: a.mean.map((mean, i) => mean + (b.n / n) * shift[i]), covariance };
};
