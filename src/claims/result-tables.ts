import { table } from '../figures';
import { spread } from '../metrics';
import { inMetric } from '../tasks';
import { grouped, short } from './claim-outcome';
import { type LiteratureRow, literatureRows } from './literature';
import { commitText } from './made-text';
import {
  atTheEnd,
  groupRows,
  meanOf,
  meansBySeed,
  type ResultRow,
  resultRows,
  seedsText,
  valuesOf,
} from './result-rows';
import type { StoredResult } from './stored-results';

/** What a line of a table is about, and what of the paper stands beside it. */
export type LineKind = {
  label: string;
  /** All of these rows. */
  paper?: Partial<LiteratureRow>;
};

/** A table of measured values beside the paper's. */
export type ResultTable = {
  title: string;
  /** A sentence: what was measured, and on what. */
  text: string;
  /** Name of the stored result. */
  result: string;
  /** Of the notebook as it is written; a result says itself what it was measured on, see `datasetOf`. */
  dataset: string;
  metric: string;
  /** Where it is not the result's own: its axis title. */
  also?: string;
  /** That makes it. */
  notebook?: string;
  /** Rows of one label make one line. */
  line: (row: ResultRow, all: readonly ResultRow[]) => LineKind;
  /** All evaluations of a training, not only its end. */
  whole?: boolean;
  /** The lines of a result that is not there. */
  expected: readonly LineKind[];
};

const PAPER = {
  none: '',
  otherMetric: 'other metric',
  otherData: 'other data',
};

/** 'FID 1.97, FD-DINOv2 113.51', with what the literature's notes say. */
const paperText = (rows: readonly LiteratureRow[]): string =>
  rows
    .map(({ metric, value, images, note }) => {
      const when = images === undefined ? '' : ` after ${grouped(images)} images`;
      return `${metric} ${value.toFixed(2)}${when}${note === undefined ? '' : ` (${note})`}`;
    })
    .join(', ');

/** The data sets of the paper, by the names that they have here when they are opened. */
const PAPERS_NAMES: readonly [RegExp, string][] = [
  [/^cifar-?10(-32x32)?$/, 'CIFAR-10'],
  [/^imagenet-64x64$/, 'ImageNet-64'],
  [/^img512(-sd)?$/, 'ImageNet-512'],
  [/^digits16$/, 'drawn digits'],
];

/**
 * The data set of a result, as it names it itself; of one stored before results did, and of one that is not there, what
 * its notebook was written for.
 */
export const datasetOf = (result: StoredResult | undefined, kind: Pick<ResultTable, 'dataset'>): string => {
  const own = result?.provenance.dataset;
  if (own === undefined) return kind.dataset;
  return PAPERS_NAMES.find(([names]) => names.test(own))?.[1] ?? own;
};

/** Ours minus the paper's where both are the same metric on the same data; otherwise why there is no difference. */
const differenceText = (
  ours: number,
  { dataset, metric }: Pick<ResultTable, 'dataset' | 'metric'>,
  paper: readonly LiteratureRow[],
): string => {
  if (paper.length === 0) return PAPER.none;
  const alike = paper.filter(row => row.metric === metric);
  if (alike.length === 0) return PAPER.otherMetric;
  const [same] = alike.filter(row => row.dataset === dataset);
  if (same === undefined) return PAPER.otherData;
  return `${ours >= same.value ? '+' : ''}${short(ours - same.value)}`;
};

const NOT_MEASURED = 'not measured';

const missingLines = ({ expected }: ResultTable, literature: readonly LiteratureRow[]): string =>
  table(
    expected.map(({ label, paper }) => ({
      what: label,
      ours: NOT_MEASURED,
      paper: paper === undefined ? PAPER.none : paperText(literatureRows(literature, paper)),
    })),
  ).markdown;

const distinct = (values: readonly (number | undefined)[]): number[] => [...new Set(values.flatMap(v => v ?? []))];

/**
 * One line a kind of value, as Markdown: ours (mean ± standard deviation), the paper's, their difference where they can be
 * compared, n, floor (mean), seeds, spread (smallest to largest), commit. Lines say 'not measured' where there is no result.
 */
export const resultTable = (
  kind: ResultTable,
  result: StoredResult | undefined,
  literature: readonly LiteratureRow[],
): string => {
  const all = result === undefined ? [] : resultRows(result.numbers);
  const rows = kind.also === undefined ? all : inMetric(all, kind.also);
  if (result === undefined || rows.length === 0) return missingLines(kind, literature);
  const shown = kind.whole ? rows : atTheEnd(rows);
  const lines = [...groupRows(shown, row => kind.line(row, rows).label)].map(([label, same]) => {
    const own = meansBySeed(same);
    const wanted = kind.line(own[0], rows).paper;
    const paper = wanted === undefined ? [] : literatureRows(literature, wanted);
    const values = valuesOf(own);
    const floors = own.flatMap(({ floor }) => floor ?? []);
    return {
      what: label,
      ours: values,
      paper: paperText(paper),
      difference: differenceText(meanOf(own), { dataset: datasetOf(result, kind), metric: kind.metric }, paper),
      n: distinct(own.map(({ n }) => n))
        .map(grouped)
        .join(', '),
      floor: floors.length > 0 ? short(spread(floors).mean) : '',
      seeds: seedsText(own, result),
      spread: values.length > 1 ? `${short(Math.min(...values))} to ${short(Math.max(...values))}` : '',
      commit: commitText(result, same),
    };
  });
  return table(lines).markdown;
};

/** A row of the registry of methods. */
export type MethodRow = { name: string } & Readonly<Record<string, unknown>>;

const optionText = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(optionText).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, entry]) => `${key} ${optionText(entry)}`)
    .join(', ');
};

/** The methods as Markdown: one line each, one column a key that any of them has, the name first; functions are left out. */
export const methodTable = (methods: readonly MethodRow[]): string => {
  const keys = [...new Set(methods.flatMap(Object.keys))];
  const columns = keys.filter(key => methods.every(method => typeof method[key] !== 'function'));
  const order = ['name', ...columns.filter(key => key !== 'name')];
  const cell = (value: unknown): string => (value === undefined ? '' : optionText(value));
  return table(
    methods.map(method => Object.fromEntries(order.map(key => [key, cell(method[key])]))),
    { columns: order },
  ).markdown;
};
