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

/**
 * Two lists of results side by side, metric by metric.
 * @throws ArgumentError where a metric of both is not comparable, or they have none in common
 */
export const comparisonTable = (
  a: readonly MetricResult[],
  b: readonly MetricResult[],
  [nameA, nameB]: readonly [string, string],
): string => {
  const pairs = a.flatMap(one => b.filter(({ metric }) => metric === one.metric).map(other => [one, other] as const));
  if (pairs.length === 0) expectComparable([a[0], b[0]]);
  const rows = pairs.map(([one, other]) => {
    const { metric, better, difference } = compareResults(one, other);
    const verdict = better === null ? 'undecided' : better === 'a' ? nameA : nameB;
    return [metric, number(one.value), number(other.value), number(difference), number(one.floor), verdict];
  });
  return columns([['metric', nameA, nameB, 'difference', 'floor', 'better'], ...rows]);
};
