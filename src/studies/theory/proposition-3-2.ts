/* Proposition 3.2: an optimal G(., t) pushes p_t onto p_0 for every t, and Algorithm 1 with any times then keeps p_0. */
import * as tf from '@tensorflow/tfjs-core';
import { expectOneOf } from '../../compute/check';
import { type Mixture, mixtureAt, type MixtureFactors, mixtureSample } from '../../diffusion';
import { spread } from '../../metrics';
import type { Denoiser } from '../../networks';
import { sampleMultistep } from '../../samplers';
import {
  kolmogorov,
  lineFactors,
  type LineLaw,
  mixtureCdf,
  mixtureQuantile,
  normalLaw,
  pushed,
  wasserstein2,
  withNoise,
} from './line';
import { flowMaps, mapOf, type MapTable, pushForwardError } from './transport';
import type { Checked } from './verdict';

/** Optimal is the flow's map; the others are wrong in a known way. */
export const GENERATORS = ['optimal', 'posterior mean', 'optimal, 10 % narrow'] as const;
export type Generator = (typeof GENERATORS)[number];

/** G(., t) of a kind as a table, on the grid of the optimal one. */
const tableOf = (factors: MixtureFactors, optimal: MapTable, generator: Generator): MapTable => {
  const { t, from, to } = optimal;
  if (generator === 'optimal') return optimal;
  if (generator === 'optimal, 10 % narrow') return { t, from, to: to.map(y => 0.9 * y) };
  return { t, from, to: from.map(x => mixtureAt(factors, [x], t).denoised[0]) };
};

/** Row of the first panel: one application to p_t. */
export type PushRow = { generator: Generator; t: number; kolmogorov: number };

/** Row of the others: Algorithm 1 in K steps, its law by quadrature and n samples of the library's sampler. */
export type Row32 = {
  generator: Generator | 'p_0 itself';
  /** 0: real points, the floor. */
  K: number;
  /** -1: the law, no samples. */
  seed: number;
  /** 0: the law. */
  n: number;
  /** Largest difference of distribution functions. */
  kolmogorov: number;
  w2: number;
};

/** The generator for the library's sampler: a host function of tables, one for each time. */
const tableDenoiser = (tables: readonly MapTable[]): Denoiser => ({
  config: { kind: 'table' },
  sampleShape: [1],
  classes: 0,
  parameters: [],
  dropout: [],
  denoise: (_parameters, x, sigma) => {
    const [level] = sigma.dataSync();
    const nearest = tables.reduce((best, table) =>
      Math.abs(table.t - level) < Math.abs(best.t - level) ? table : best,
    );
    return tf.tensor(Float32Array.from(x.dataSync(), mapOf(nearest)), x.shape);
  },
});

/** Law of Algorithm 1 by quadrature: N(0, T^2), then map and noise in turn. */
const lawOf = ([first, ...later]: readonly MapTable[], points: number): LineLaw =>
  later.reduce(
    (law, table) => pushed(withNoise(law, table.t), mapOf(table)),
    pushed(normalLaw(first.t, points), mapOf(first)),
  );

/** Distances of n sorted samples from a mixture whose quantiles at (i + 1/2) / n are known. */
const distancesOf = (sorted: Float64Array, quantiles: Float64Array, factors: MixtureFactors) => {
  const n = sorted.length;
  let [square, most] = [0, 0];
  sorted.forEach((x, i) => {
    square += (x - quantiles[i]) ** 2 / n;
    const level = mixtureCdf(factors, x);
    most = Math.max(most, Math.abs(level - i / n), Math.abs(level - (i + 1) / n));
  });
  return { kolmogorov: most, w2: Math.sqrt(square) };
};

/** All of the figure. `times` gives Algorithm 1's times for each number of steps, decreasing. */
export const proposition32 = async ({
  mixture,
  levels,
  times,
  n,
  seeds,
  generators = GENERATORS,
  points = 601,
  signal,
  onRow,
}: {
  mixture: Mixture;
  levels: readonly number[]; // t of the first panel
  times: readonly (readonly number[])[];
  n: number; // samples of one seed
  seeds: readonly number[];
  generators?: readonly Generator[];
  points?: number; // of every table
  signal?: AbortSignal;
  onRow?: (rows: number) => void;
}): Promise<Checked<Row32> & { pushes: PushRow[] }> => {
  for (const generator of generators) expectOneOf('proposition32', 'generators', generator, GENERATORS);
  const factors = lineFactors('proposition32', mixture);
  const all = [...new Set([...levels, ...times.flat()])].sort((a, b) => b - a);
  const flow = flowMaps(factors, all, { points });
  const at = (t: number): MapTable => flow[all.indexOf(t)];
  const pushes = generators.flatMap(generator =>
    levels.map(t => ({ generator, t, kolmogorov: pushForwardError(factors, tableOf(factors, at(t), generator)) })),
  );

  const rows: Row32[] = [];
  const add = (row: Row32): void => {
    rows.push(row);
    onRow?.(rows.length);
  };
  const quantiles = Float64Array.from({ length: n }, (_, i) => mixtureQuantile(factors, (i + 0.5) / n));
  for (const seed of seeds) {
    const real = Float64Array.from(
      { length: n },
      (_, i) => mixtureSample(factors, { seed, stream: 'theory.real' }, i)[0],
    );
    add({ generator: 'p_0 itself', K: 0, seed, n, ...distancesOf(real.sort(), quantiles, factors) });
  }
  for (const generator of generators)
    for (const steps of times) {
      const tables = steps.map(t => tableOf(factors, at(t), generator));
      const law = lawOf(tables, points);
      const shared = { generator, K: steps.length };
      add({ ...shared, seed: -1, n: 0, kolmogorov: kolmogorov(law, factors), w2: wasserstein2(law, factors) });
      for (const seed of seeds) {
        if (signal?.aborted) return { rows, pushes, verdict: verdict32(rows, pushes) };
        const { data } = await sampleMultistep({
          denoiser: tableDenoiser(tables),
          parameters: {},
          times: steps,
          batch: n,
          engine: 'eager',
          seeds: Array.from({ length: n }, (_, i) => 1 + seed * n + i),
        });
        add({ ...shared, seed, n, ...distancesOf(Float64Array.from(data).sort(), quantiles, factors) });
      }
    }
  return { rows, pushes, verdict: verdict32(rows, pushes) };
};

/** Holds when the optimal G's push-forwards and laws are p_0's and its samples lie at the floor, for every t and K. */
export const verdict32 = (rows: readonly Row32[], pushes: readonly PushRow[]): Checked<Row32>['verdict'] => {
  const largest = (list: readonly { kolmogorov: number }[]): number => Math.max(...list.map(row => row.kolmogorov));
  const floor = spread(rows.filter(row => row.K === 0).map(row => row.kolmogorov));
  const laws = rows.filter(row => row.seed === -1);
  const sampled = rows.filter(row => row.n > 0 && row.K > 0);
  const own = <T extends { generator: string }>(list: readonly T[], optimal = true): T[] =>
    list.filter(row => (row.generator === 'optimal') === optimal);
  const pushError = largest(own(pushes));
  const lawError = largest(own(laws));
  const sampledMean = spread(own(sampled).map(row => row.kolmogorov)).mean;
  return {
    statement: 'Proposition 3.2',
    reading:
      'optimal = the map of the probability flow on the line; distances are the largest difference of distribution functions',
    holds: pushError < 1e-3 && lawError < 2e-3 && sampledMean < 1.5 * floor.mean,
    pushError,
    lawError,
    sampledMean,
    floor: floor.mean,
    floorHigh: floor.high,
    lawW2: Math.max(...own(laws).map(row => row.w2)),
    imperfect: Math.min(...own(laws, false).map(row => row.kolmogorov)),
  };
};
