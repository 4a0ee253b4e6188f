/* When one group of measured values is smaller than another, and how large a difference the rule could have seen. */
import { spread } from '../metrics';
import { type ResultRow, valuesOf } from './result-rows';

/** Fewer values than this say nothing of their spread. */
export const LEAST_RUNS = 3;

/** Two groups of values that a claim puts in order: `lower` is claimed to be the smaller, hence the better. */
export type Claimed = { what: string; lower: readonly ResultRow[]; higher: readonly ResultRow[] };

/** One-sided 5 % points of Student's t by degrees of freedom, from 2 on; more degrees take the last, which errs towards noise. */
const T_95 = [2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833];

const tLimit = (values: number): number => T_95[Math.min(values - LEAST_RUNS, T_95.length - 1)];

/** Block 1 of some samples has nothing in common with training seed 1. */
const unitOf = ({ series, ofBlock, seed }: ResultRow): string =>
  `${ofBlock || series === 'teacher' ? 'block' : 'training'} ${seed}`;

/** log(lower / higher) by seed where both have the same seeds, once each, and all values are positive; otherwise none. */
const pairedLogRatios = ({ lower, higher }: Pick<Claimed, 'lower' | 'higher'>): number[] => {
  const other = new Map(higher.map(row => [unitOf(row), row.value]));
  const own = new Set(lower.map(unitOf));
  const paired = own.size === lower.length && other.size === higher.length && own.size === other.size;
  if (!paired || !lower.every(row => other.has(unitOf(row)))) return [];
  const ratios = lower.map(row => row.value / other.get(unitOf(row))!);
  return ratios.every(ratio => ratio > 0) ? ratios.map(Math.log) : [];
};

/** How far one group is below another, and how far it would have to be; both as the rule measures them. */
const compared = (groups: Pick<Claimed, 'lower' | 'higher'>): { below: number; needed: number; share: number } => {
  const [lower, higher] = [groups.lower, groups.higher].map(rows => spread(valuesOf(rows)));
  const logs = pairedLogRatios(groups);
  if (logs.length === 0) {
    const needed = lower.high - lower.mean + (higher.mean - higher.low);
    return { below: higher.mean - lower.mean, needed, share: needed / higher.mean };
  }
  const { mean, deviation } = spread(logs);
  const needed = (tLimit(logs.length) * deviation) / Math.sqrt(logs.length);
  return { below: -mean, needed, share: 1 - Math.exp(-needed) };
};

const tooFew = ({ lower, higher }: Pick<Claimed, 'lower' | 'higher'>): boolean =>
  Math.min(lower.length, higher.length) < LEAST_RUNS;

/**
 * Whether the first group is smaller than the second by more than chance makes it. Values of the same training seeds are
 * compared seed by seed, as are blocks of the same samples: mean log ratio below -t s / sqrt(n), s the deviation of the log
 * ratios, t the one-sided 5 % point of Student's distribution; logarithms, because the scatter of a distance grows with it.
 * Others must not overlap, which chance does to three and three values in one case of twenty. Never with fewer than three values.
 */
export const clearlyLower = (lower: readonly ResultRow[], higher: readonly ResultRow[]): boolean => {
  if (tooFew({ lower, higher })) return false;
  const { below, needed } = compared({ lower, higher });
  return below > needed;
};

/**
 * The power of a comparison: by what share of the second group the first must be smaller before `clearlyLower` says so, at the
 * scatter that these values have. 0.1: a difference of less than 10 % would not have been seen. Infinity with fewer than three.
 */
export const leastVisible = (groups: Pick<Claimed, 'lower' | 'higher'>): number =>
  tooFew(groups) ? Infinity : compared(groups).share;
