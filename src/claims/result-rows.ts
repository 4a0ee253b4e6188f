import { type MetricResult, spread } from '../metrics';
import type { TaskResult } from '../tasks';
import type { StoredResult } from './stored-results';

/** One measured value of a stored result: of one training seed, or of one block of samples of one training. */
export type ResultRow = {
  /** The method, or what else the curves of the figure are. */
  series: string;
  /** Of training, or the number of the block. */
  seed: number;
  /** A block of samples of one training or of the teacher. */
  ofBlock?: boolean;
  /** The smaller the better. */
  value: number;
  /** Samples. */
  n?: number;
  /** Real samples they were compared with. */
  nReference?: number;
  /** The value of n other real samples. */
  floor?: number;
  /** Network evaluations a sample. */
  nfe?: number;
  /** alpha (1 + lambda). */
  coef?: number;
  /** Training images. */
  images?: number;
  /** Of training. */
  seconds?: number;
  /** Of the network. */
  size?: string;
  parameters?: number;
  task?: string;
  /** Of sampling times. */
  grid?: string;
  /** Of a curve over something else. */
  x?: number;
  /** The same samples in other metrics. */
  also?: TaskResult['also'];
  /** Places in the result's list of what computed it; empty: unknown. */
  madeBy?: readonly number[];
};

type Loose = Record<string, unknown>;

const isRecord = (value: unknown): value is Loose => typeof value === 'object' && value !== null;

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const rowOf = (entry: Loose): ResultRow[] => {
  const [seed, value] = [number(entry.seed), number(entry.value)];
  if (seed === undefined || value === undefined) return [];
  const row: ResultRow = {
    series: text(entry.series) ?? text(entry.method) ?? '',
    seed,
    value,
    n: number(entry.n),
    nReference: number(entry.nReference),
    floor: number(entry.floor),
    nfe: number(entry.nfe) ?? number(entry.steps),
    coef: number(entry.coef),
    images: number(entry.images),
    seconds: number(entry.seconds),
    size: text(entry.size),
    parameters: number(entry.parameters),
    task: text(entry.task),
    grid: text(entry.grid),
    x: number(entry.x),
    also: isRecord(entry.also) ? (entry.also as TaskResult['also']) : undefined,
    madeBy: Array.isArray(entry.madeBy) ? (entry.madeBy as number[]) : undefined,
    ...(entry.ofBlock === true && { ofBlock: true }),
  };
  return [row];
};

/** The blocks of an evaluation's Fréchet distance as rows. */
const blocksOf = (entry: Loose): ResultRow[] => {
  const distance = (entry.results as MetricResult[]).find(({ metric }) => metric === 'fd');
  return (distance?.blocks ?? []).flatMap((value, seed) => {
    const { n, nReference, floorBlocks } = distance!;
    const rows = rowOf({ ...entry, seed, value, n, nReference, floor: floorBlocks[seed] ?? distance!.floor });
    return rows.map(row => ({ ...row, ofBlock: true }));
  });
};

/**
 * The values in `numbers` of a stored result: a list of them (such as this returns), or one under `points` or `curve`. What is
 * no such value is passed over, so a result of another shape has no rows.
 */
export const resultRows = (numbers: unknown): ResultRow[] => {
  const list = isRecord(numbers) && !Array.isArray(numbers) ? (numbers.points ?? numbers.curve) : numbers;
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).flatMap(entry => (Array.isArray(entry.results) ? blocksOf(entry) : rowOf(entry)));
};

/** Rows that share a key, by key, in the order of their first. */
export const groupRows = <K>(rows: readonly ResultRow[], key: (row: ResultRow) => K): Map<K, ResultRow[]> => {
  const groups = new Map<K, ResultRow[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
};

export const valuesOf = (rows: readonly ResultRow[]): number[] => rows.map(({ value }) => value);

export const meanOf = (rows: readonly ResultRow[]): number => spread(valuesOf(rows)).mean;

/** One row a seed: the mean value and floor where a seed has several blocks. */
export const meansBySeed = (rows: readonly ResultRow[]): ResultRow[] =>
  [...groupRows(rows, ({ seed }) => seed).values()].map(own => {
    const floors = own.flatMap(({ floor }) => floor ?? []);
    return { ...own[0], value: meanOf(own), floor: floors.length > 0 ? spread(floors).mean : undefined };
  });

/** Of every series, size and task the rows with most training images: where a training was measured on its way, its end. */
export const atTheEnd = (rows: readonly ResultRow[]): ResultRow[] => {
  const groups = groupRows(rows, ({ series, size, task }) => JSON.stringify([series, size, task]));
  const last = [...groups.values()].map(own => Math.max(...own.map(({ images = 0 }) => images)));
  return [...groups.values()].flatMap((own, i) => own.filter(({ images = 0 }) => images === last[i]));
};

/**
 * Whether the values of a result are blocks of samples of one training, numbered from zero, and not of training seeds. The
 * teacher's, which has no training seeds, do not count.
 */
export const ofOneTraining = (rows: readonly ResultRow[], { provenance: { seeds } }: StoredResult): boolean => {
  const trained = rows.filter(({ series }) => series !== 'teacher');
  return trained.length > 0 && seeds.length === 1 && trained.some(({ seed }) => !seeds.includes(seed));
};

/** What varies between values of one kind: training seeds, '0, 1, 2', or '3 blocks of seed 0', of one training or the teacher. */
export const seedsText = (rows: readonly ResultRow[], result: StoredResult): string => {
  const trained = rows.filter(({ series }) => series !== 'teacher');
  const own = [...new Set((trained.length > 0 ? trained : rows).map(({ seed }) => seed))];
  if (trained.length === 0) return `${own.length} blocks`;
  return ofOneTraining(rows, result)
    ? `${own.length} blocks of seed ${result.provenance.seeds.join(', ')}`
    : own.join(', ');
};
