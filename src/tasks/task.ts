import type { Samples } from '../compute/host-arrays';
import type { Dataset } from '../datasets';
import type { Model } from '../networks';
import type { MadeBy } from '../provenance';
import type { TaskRecipe } from './task-recipe';

/** Draws samples for these seeds, with these labels where the task is conditional. */
export type Draw = (request: { seeds: number[]; labels?: number[]; signal?: AbortSignal }) => Promise<Samples>;

/** What a task measures on one block of samples: `value` is the task's metric, the smaller the better. */
export type TaskResult = {
  value: number;
  /** Samples that are measured. */
  n: number;
  /** Real samples they were compared with. */
  nReference: number;
  /** The value of n other real samples. */
  floor: number;
  /** These, where the data have fewer than n. */
  nFloor?: number;
  /** The task's other metrics, by axis title. */
  also?: Readonly<Record<string, { value: number; floor: number }>>;
  /** Points: share within 4 deviations of a mode. */
  onMode?: number;
  /** Points: modes with their share of samples. */
  covered?: number;
  /** Images: share classified as their label. */
  accuracy?: number;
  /** What made the statistics of real samples that these were compared with, where they were kept. */
  madeBy?: readonly MadeBy[];
};

/** Which samples are measured: how many, and which block of seeds. */
export type BlockOptions = {
  /** Samples that are measured. */
  n: number;
  /** Which block of seeds, from 0. */
  block: number;
  /** Stops between samples by throwing the signal's reason. */
  signal?: AbortSignal;
};

/** Something to distill: a teacher, a start for the generator, data, standard sampling times and a metric. */
export type Task = {
  name: string;
  /** Everything results depend on besides the run's options; part of cache keys. */
  identity: Record<string, string | number>;
  /** How another machine makes it; absent: it is computed here only. */
  recipe?: TaskRecipe;
  teacher: Model;
  /** What the generator and the auxiliary start as. */
  start: Model;
  dataset: Dataset;
  /** [C] sampling times of Algorithm 1 by number of steps. */
  times: Readonly<Record<number, readonly number[]>>;
  /** Axis title of `value`. */
  metric: string;
  /** Axis titles of what is measured besides. */
  alsoMetrics?: readonly string[];
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

/**
 * The floors of a task, each computed once: they depend on n and block only. One that fails, or that the signal of who asked
 * first stopped, is computed again, also for those who wait for it.
 */
export const floorCache = (
  compute: (n: number, block: number, signal?: AbortSignal) => number | Promise<number>,
): ((n: number, block: number, signal?: AbortSignal) => Promise<number>) => {
  const known = new Map<string, Promise<number>>();
  const floorOf = async (n: number, block: number, signal?: AbortSignal): Promise<number> => {
    const key = `${n}/${block}`;
    const met = known.get(key);
    if (met !== undefined)
      return met.catch(() => {
        signal?.throwIfAborted();
        return floorOf(n, block, signal);
      });
    const floor = Promise.resolve(compute(n, block, signal));
    known.set(key, floor);
    floor.catch(() => known.delete(key));
    return floor;
  };
  return floorOf;
};
