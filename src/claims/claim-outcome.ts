/* What a test of a claim says: a verdict, the numbers it rests on, and how large a difference it could have seen. */
import { spread } from '../metrics';
import { type Claimed, clearlyLower, LEAST_RUNS, leastVisible } from './clearly-lower';
import { type ResultRow, valuesOf } from './result-rows';

/**
 * 'holds': as claimed, by more than the noise; 'contradicted': the other way round, by more than the noise; 'within the noise': the
 * values cannot tell.
 */
export type Verdict = 'holds' | 'within the noise' | 'contradicted' | 'not measured';

/** A verdict and the numbers it rests on, as text. */
export type ClaimOutcome = {
  verdict: Verdict;
  /** All of them: '4 steps against 2: 8.14 [7.58, 8.84] against 7.82 [6.71, 8.52], within the noise'. */
  numbers: string;
  /** The means alone, '8.14 ≈ 7.82', for the first page. */
  brief?: string;
  /** The smallest difference that the test could have seen, as a share of what was compared with: '12 %'. */
  visible?: string;
  /** It rests on blocks of samples of one training, so it knows nothing of how training varies. */
  oneTraining?: boolean;
};

/** Three significant digits: '0.0857', '14.0', '195', '1,230'. */
export const short = (value: number): string =>
  value.toLocaleString('en-US', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });

/** A count: '25,600'. */
export const grouped = (count: number): string => count.toLocaleString('en-US');

/** Two significant digits at most: '0.12 %', '8.1 %', '54 %'. */
export const percent = (share: number): string =>
  `${(100 * share).toLocaleString('en-US', { maximumSignificantDigits: 2 })} %`;

/** Mean with the smallest and largest value: '8.14 [7.58, 8.84]'. */
export const withRange = (rows: readonly ResultRow[]): string => {
  const { mean, low, high } = spread(valuesOf(rows));
  return `${short(mean)} [${short(low)}, ${short(high)}]`;
};

/** How two groups lie: as claimed, the other way round, or too close to tell. */
const orderOf = ({ lower, higher }: Claimed): 'holds' | 'contradicted' | 'within the noise' => {
  if (clearlyLower(lower, higher)) return 'holds';
  return clearlyLower(higher, lower) ? 'contradicted' : 'within the noise';
};

const ORDER = {
  holds: { words: 'beyond the noise', sign: '<' },
  contradicted: { words: 'the other way round, beyond the noise', sign: '>' },
  'within the noise': { words: 'within the noise', sign: '≈' },
} as const;

export const notMeasured = (numbers: string): ClaimOutcome => ({ verdict: 'not measured', numbers });

export const NO_VALUES = 'the result has no such values';

/** Whether all groups have values enough to decide by; otherwise what is missing. */
export const missing = (groups: readonly (readonly ResultRow[])[]): string | undefined => {
  const fewest = Math.min(...groups.map(({ length }) => length));
  if (groups.length === 0 || fewest === 0) return NO_VALUES;
  return fewest < LEAST_RUNS ? `${fewest} of at least ${LEAST_RUNS} values` : undefined;
};

/** A comparison as text: '4 steps against 2: 8.14 [7.58, 8.84] against 7.82 [6.71, 8.52], within the noise'. */
export const comparisonText = (pair: Claimed): string =>
  `${pair.what}: ${withRange(pair.lower)} against ${withRange(pair.higher)}, ${ORDER[orderOf(pair)].words}`;

/** The means of a comparison: '8.14 ≈ 7.82'; the sign says whether the first is smaller, larger, or cannot be told. */
export const comparisonBrief = (pair: Claimed): string =>
  [short(spread(valuesOf(pair.lower)).mean), ORDER[orderOf(pair)].sign, short(spread(valuesOf(pair.higher)).mean)].join(
    ' ',
  );

/** The smallest differences that some comparisons could have seen, as shares of the mean compared with: '3.1 % to 12 %'. */
export const visibleText = (pairs: readonly Claimed[]): string => {
  const shares = pairs.map(leastVisible);
  const [least, most] = [percent(Math.min(...shares)), percent(Math.max(...shares))];
  return least === most ? least : `${least} to ${most}`;
};

/** Marks an outcome that rests on blocks of samples of one training of a kind. */
export const markOneTraining = (groups: readonly (readonly ResultRow[])[]): Pick<ClaimOutcome, 'oneTraining'> =>
  groups.some(rows => rows.some(({ series, ofBlock }) => ofBlock && series !== 'teacher')) ? { oneTraining: true } : {};

const BRIEF_PAIRS = 2;

/** Holds where every pair is in the claimed order, contradicted where one is in the other, each by more than the noise. */
export const testOrder = (...pairs: readonly Claimed[]): ClaimOutcome => {
  const without = missing(pairs.flatMap(({ lower, higher }) => [lower, higher]));
  if (without !== undefined) return notMeasured(without);
  const orders = pairs.map(orderOf);
  const held = orders.filter(order => order === 'holds').length;
  return {
    verdict: held === pairs.length ? 'holds' : orders.includes('contradicted') ? 'contradicted' : 'within the noise',
    numbers: pairs.map(comparisonText).join('; '),
    brief:
      pairs.length > BRIEF_PAIRS
        ? `${held} of ${pairs.length} comparisons`
        : pairs.map(comparisonBrief).join(', then '),
    visible: visibleText(pairs),
    ...markOneTraining(pairs.flatMap(({ lower, higher }) => [lower, higher])),
  };
};
