import { compareResults, expectComparable, type MetricResult, type Source } from '../metrics';
import { columns, grouped } from './terminal';

/** Four digits are more than blocks of seeds agree on. */
const number = (value: number | null): string => (value === null ? '-' : String(Number(value.toPrecision(4))));

const short = (sha256: string): string => sha256.slice(0, 12);

const referenceText = ({ name, file, split, sha256, features }: Source): string =>
  [
    name ?? file,
    split,
    sha256 !== undefined && `sha256 ${short(String(sha256))}`,
    features !== undefined && `features ${features}`,
  ]
    .filter(Boolean)
    .join(', ');

const countOf = (n: number | null): string => (n === null ? 'unknown' : n === 0 ? '-' : grouped(n));

/** Results as a table, and below it what they were taken with. */
export const resultTable = (results: readonly MetricResult[]): string => {
  const [{ features, floorOf, seeds }] = results;
  const reference = results.find(result => result.reference !== null)?.reference;
  const rows = results.map(({ metric, value, spread, floor, smallerIsBetter, n, nReference }) => [
    ...[metric, number(value), number(spread), number(floor), smallerIsBetter ? 'smaller' : 'larger'],
    ...[grouped(n), countOf(nReference)],
  ]);
  const biased = results.some(({ metric, n }) => metric === 'fd' && n <= features.d);
  const range = seeds.map(({ first, last }) => `${first}-${last}`).join(', ');
  return [
    columns([['metric', 'value', 'spread', 'floor', 'better', 'n', 'real'], ...rows]),
    '\n',
    columns([
      ['features', `${features.name}, ${features.d} numbers, weights ${short(features.sha256)}`],
      ...(reference ? [['reference', referenceText(reference)]] : []),
      ['floor of', floorOf],
      ['seeds', range],
      ...(biased ? [['note', `n is not above ${features.d}: fd is mostly bias then; compare it at this n alone`]] : []),
    ]),
  ].join('');
};

/** One metric of two evaluations: values, the difference, the first one's floor, and the name of the better; null: undecided. */
export type ComparisonRow = {
  metric: string;
  values: readonly [number | null, number | null];
  difference: number | null;
  floor: number | null;
  better: string | null;
};

/**
 * Two lists of results side by side, metric by metric.
 * @throws ArgumentError where a metric of both is not comparable, or they have none in common
 */
export const comparisons = (
  a: readonly MetricResult[],
  b: readonly MetricResult[],
  [nameA, nameB]: readonly [string, string],
): ComparisonRow[] => {
  const pairs = a.flatMap(one => b.filter(({ metric }) => metric === one.metric).map(other => [one, other] as const));
  if (pairs.length === 0) expectComparable([a[0], b[0]]);
  return pairs.map(([one, other]) => {
    const { metric, better, difference } = compareResults(one, other);
    const named = better === null ? null : better === 'a' ? nameA : nameB;
    return { metric, values: [one.value, other.value], difference, floor: one.floor, better: named };
  });
};

/** The same as a table. */
export const comparisonTable = (rows: readonly ComparisonRow[], names: readonly [string, string]): string =>
  columns([
    ['metric', ...names, 'difference', 'floor', 'better'],
    ...rows.map(({ metric, values, difference, floor, better }) => [
      ...[metric, ...values.map(number), number(difference), number(floor), better ?? 'undecided'],
    ]),
  ]);
