import { spread } from '../metrics';
import { type ResultRow, valuesOf } from './result-rows';

export type Verdict = 'holds' | 'does not hold' | 'not measured';

/** A verdict and the numbers it rests on, as text. */
export type ClaimOutcome = { verdict: Verdict; numbers: string };

/** Fewer values than this say nothing of their spread. */
export const LEAST_RUNS = 3;

/** Two groups of values that a claim puts in order: `lower` is claimed to be the smaller, hence the better. */
export type Claimed = { what: string; lower: readonly ResultRow[]; higher: readonly ResultRow[] };

/** Three significant digits: '0.0857', '14.0', '195', '1,230'. */
export const short = (value: number): string =>
  value.toLocaleString('en-US', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });

/** A count: '25,600'. */
export const grouped = (count: number): string => count.toLocaleString('en-US');

/** Mean with the smallest and largest value: '8.14 [7.58, 8.84]'. */
export const withRange = (rows: readonly ResultRow[]): string => {
  const { mean, low, high } = spread(valuesOf(rows));
  return `${short(mean)} [${short(low)}, ${short(high)}]`;
};

/** Differences lower - higher by seed, where both have the same seeds, once each. */
const differences = (lower: readonly ResultRow[], higher: readonly ResultRow[]): number[] => {
  const other = new Map(higher.map(({ seed, value }) => [seed, value]));
  const own = new Set(lower.map(({ seed }) => seed));
  const paired = own.size === lower.length && other.size === higher.length && own.size === other.size;
  if (!paired || !lower.every(({ seed }) => other.has(seed))) return [];
  return lower.map(({ seed, value }) => value - other.get(seed)!);
};

/**
 * Whether one group is smaller than the other by more than the spread: every value of it is smaller than every value of
 * the other; or, seed by seed (at least three), each is smaller and the mean difference exceeds the sample standard deviation
 * of the differences. The second sees what blocks or seeds have in common, as noise and reference images.
 */
export const clearlyLower = (lower: readonly ResultRow[], higher: readonly ResultRow[]): boolean => {
  if (Math.min(lower.length, higher.length) < LEAST_RUNS) return false;
  if (Math.max(...valuesOf(lower)) < Math.min(...valuesOf(higher))) return true;
  const paired = differences(lower, higher);
  if (paired.length < LEAST_RUNS) return false;
  const { mean, deviation, high } = spread(paired);
  return high < 0 && -mean > deviation;
};

/** How two groups lie, in words. */
const relation = ({ lower, higher }: Claimed): string => {
  if (clearlyLower(lower, higher)) return 'beyond the spread';
  if (clearlyLower(higher, lower)) return 'the other way round, beyond the spread';
  const reversed = spread(valuesOf(lower)).mean > spread(valuesOf(higher)).mean;
  return reversed ? 'the other way round, within the spread' : 'within the spread';
};

export const notMeasured = (numbers: string): ClaimOutcome => ({ verdict: 'not measured', numbers });

export const outcomeOf = (holds: boolean, numbers: string): ClaimOutcome => ({
  verdict: holds ? 'holds' : 'does not hold',
  numbers,
});

export const NO_VALUES = 'the result has no such values';

/** Whether all groups have values enough to judge by; otherwise what is missing. */
export const missing = (groups: readonly (readonly ResultRow[])[]): string | undefined => {
  const fewest = Math.min(...groups.map(({ length }) => length));
  if (groups.length === 0 || fewest === 0) return NO_VALUES;
  return fewest < LEAST_RUNS ? `${fewest} of at least ${LEAST_RUNS} values` : undefined;
};

/** A comparison as text: 'four steps against two: 8.14 [7.58, 8.84] against 7.82 [6.71, 8.52], within the spread'. */
export const comparisonText = (pair: Claimed): string =>
  `${pair.what}: ${withRange(pair.lower)} against ${withRange(pair.higher)}, ${relation(pair)}`;

/** Holds where every pair is in the claimed order by more than the spread; not measured where values are missing. */
export const testOrder = (...pairs: readonly Claimed[]): ClaimOutcome => {
  const without = missing(pairs.flatMap(({ lower, higher }) => [lower, higher]));
  if (without !== undefined) return notMeasured(without);
  const holds = pairs.every(({ lower, higher }) => clearlyLower(lower, higher));
  return outcomeOf(holds, pairs.map(comparisonText).join('; '));
};
