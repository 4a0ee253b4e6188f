import type { Dataset } from '../datasets';
import type { Model } from '../networks';
import type { Samples } from '../samplers';

/** Draws samples for these seeds, with these labels where the task is conditional. */
export type Draw = (request: { seeds: number[]; labels?: number[]; signal?: AbortSignal }) => Promise<Samples>;

/** What a task measures on one block of samples: `value` is the task's metric, the smaller the better. */
export type TaskResult = {
  value: number;
  n: number; // samples
  nReference: number; // real samples they were compared with
  floor: number; // the value of n other real samples
  nFloor?: number; // these, where the data have fewer than n
  also?: Readonly<Record<string, { value: number; floor: number }>>; // the task's other metrics, by axis title
  onMode?: number; // points: share within 4 deviations of a mode
  covered?: number; // points: modes with their share of samples
  accuracy?: number; // images: share classified as their label
};

export type BlockOptions = {
  n: number; // samples
  block: number; // of seeds
  signal?: AbortSignal; // stops between samples by throwing the signal's reason
};

/** Something to distil: a teacher, a start for the generator, data, standard sampling times and a metric. */
export type Task = {
  name: string;
  identity: Record<string, string | number>; // everything results depend on besides the run's options; part of cache keys
  teacher: Model;
  start: Model; // what the generator and the auxiliary start as
  dataset: Dataset;
  times: Readonly<Record<number, readonly number[]>>; // [C] sampling times of Algorithm 1 by number of steps
  metric: string; // axis title of `value`
  alsoMetrics?: readonly string[]; // axis titles of what is measured besides
  /**
   * Measures `n` samples of block `block`. Blocks have seeds of their own; the same block always has the same seeds and
   * labels, so methods and step counts are compared from the same noise.
   */
  measure: (draw: Draw, options: BlockOptions) => Promise<TaskResult>;
  dispose: () => void;
};

/** Measurements in another of a task's metrics, as if it were its own; those that lack it are left out. */
export const inMetric = <T extends Pick<TaskResult, 'also'>>(results: readonly T[], metric: string): T[] =>
  results.flatMap(result => (result.also?.[metric] ? [{ ...result, ...result.also[metric] }] : []));

const BLOCK = 2 ** 20;

/** Seeds of block `block`: disjoint from all other blocks'. */
export const blockSeeds = (n: number, block: number): number[] =>
  Array.from({ length: n }, (_, i) => block * BLOCK + i);

/** The floors of a task, each computed once: they depend on n and block only. */
export const floorCache = (
  compute: (n: number, block: number) => number | Promise<number>,
): ((n: number, block: number) => Promise<number>) => {
  const known = new Map<string, Promise<number>>();
  return (n, block) => {
    const key = `${n}/${block}`;
    const floor = known.get(key) ?? Promise.resolve(compute(n, block));
    known.set(key, floor);
    return floor;
  };
};
