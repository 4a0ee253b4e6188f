import { SAMPLING_TIMES } from '../diffusion';
import type { Made } from '../provenance';
import { edmStart, searchTimes, type TimeSearchEntry } from '../samplers';
import type { Task, TaskResult } from '../tasks';
import type { DistillMethod } from '../methods';
import type { RunOptions } from '../training';
import { trainedGenerator } from './generators';
import type { Evaluation } from './evaluation';
import { taskSweep } from './task-sweep';
import type { StudyWatch } from './watch';

/** The search for Algorithm 1's times on one task, and what it is worth on other seeds. */
export type SamplingTimesOptions = {
  method: DistillMethod;
  run: Partial<RunOptions>;
  /** Training images of each generator. */
  images: number;
  /** Of training: one generator, one search each. */
  seeds: readonly number[];
  /** K. */
  steps: readonly number[];
  /** Factors of the first round. */
  scales: readonly number[];
  rounds: number;
  /** Samples of one evaluation of the search. */
  searchN: number;
  /** Samples of one block of the measurement. */
  n: number;
  blocks: number;
};

/** A grid measured on one block of seeds that the search never saw. */
export type GridPoint = {
  /** The task's name. */
  task: string;
  /** Network evaluations a sample. */
  steps: number;
  /** Where the times come from. */
  grid: 'edm' | 'published' | 'task' | 'searched';
  /** Noise levels, decreasing. */
  times: readonly number[];
  /** Training seed. */
  seed: number;
  /** Block of sampling seeds. */
  block: number;
} & TaskResult &
  Made;

/** What `samplingTimesStudy` measured. */
export type TimesStudy = {
  points: GridPoint[];
  landscape: ({ task: string; steps: number; seed: number } & TimeSearchEntry & Made)[];
};

/** Blocks of seeds from here on are the search's own. */
const SEARCH_BLOCK = 1000;

/** Grids to compare for K steps; the task's own where it differs from the published stand-in. */
const gridsOf = (task: Task, K: number, found: readonly number[]): [GridPoint['grid'], readonly number[]][] => {
  const published = SAMPLING_TIMES[K] as readonly number[] | undefined;
  const own = task.times[K] as readonly number[] | undefined;
  return [
    ['edm', edmStart(K)],
    ...(published ? [['published', published] as ['published', readonly number[]]] : []),
    ...(own && own !== published ? [['task', own] as ['task', readonly number[]]] : []),
    ['searched', found],
  ];
};

type Config = { identity: Task['identity']; seed: number } & Omit<SamplingTimesOptions, 'seeds'>;

/** One training, the search of its times, and what they are worth; it counts as 1. */
export const searchedTimes: Evaluation<Config, TimesStudy> = {
  name: 'sampling times',
  code: __filename,
  evaluate: async (task, config, { generators, signal, addMadeBy, onDone }) => {
    const { method, run: trainedBy, images, seed, steps, scales, rounds, searchN, n, blocks } = config;
    const parts = 1 + 2 * steps.length; // training, and a search and a measurement for every K
    const tell = (part: number, share: number, what: string): void => onDone((part + share) / parts, what);
    const made = await trainedGenerator(task, { method, run: trainedBy, images, seed }, generators, {
      signal,
      onReport: report => tell(0, report.images / images, 'training'),
    });
    if (!made) return undefined;
    addMadeBy(made.madeBy);
    const { run, dir } = made;
    try {
      const study: TimesStudy = { points: [], landscape: [] };
      for (const [at, K] of steps.entries()) {
        const measured = async (times: readonly number[], count: number, block: number): Promise<TaskResult> =>
          task.measure(request => run.sample({ ...request, times }), { n: count, block, signal });
        const { times, landscape } = await searchTimes({
          start: edmStart(K),
          scales,
          rounds,
          signal,
          measure: async candidate => (await measured(candidate, searchN, SEARCH_BLOCK + seed)).value,
          onEvaluation: (_, done, atMost) => tell(1 + 2 * at, done / atMost, `${K} steps, search`),
        });
        study.landscape.push(...landscape.map(entry => ({ task: task.name, steps: K, seed, ...entry })));
        run.setTimes(times);
        const grids = gridsOf(task, K, times);
        for (const [which, [grid, levels]] of grids.entries())
          for (let block = 0; block < blocks; block++) {
            const result = await measured(levels, n, block);
            study.points.push({ task: task.name, steps: K, grid, times: levels, seed, block, ...result });
            tell(2 + 2 * at, (which + (block + 1) / blocks) / grids.length, `${K} steps, ${grid} grid`);
          }
      }
      await run.save(dir);
      return study;
    } finally {
      run.dispose();
    }
  },
};

/**
 * For every training seed, which counts as 1 of the progress: train, search the times of K steps on blocks of seeds of
 * its own, keep them in the run's checkpoint as its default, and measure all grids on blocks 0, 1, ... Cached by
 * configuration; training resumes.
 */
export const samplingTimesStudy = async (
  task: Task,
  { seeds, ...shared }: SamplingTimesOptions,
  folders: { folder: string; generators: string }, // of results, and of trained generators
  watch: StudyWatch = {},
): Promise<TimesStudy> => {
  const configs = seeds.map((seed): Config => ({ identity: task.identity, seed, ...shared }));
  const entries = await taskSweep(task, searchedTimes, configs, {
    ...folders,
    label: ({ seed }) => `seed ${seed}`,
    ...watch,
  });
  return {
    points: entries.flatMap(({ result }) => result.points),
    landscape: entries.flatMap(({ result }) => result.landscape),
  };
};
