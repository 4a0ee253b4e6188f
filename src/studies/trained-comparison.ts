import { timesOfSteps } from '../diffusion';
import type { Task } from '../tasks';
import { type GeneratorConfig, trainedGenerator } from './generators';
import { compareSteps, type ComparisonPoint, generatorAt, teacherAt } from './steps-comparison';
import type { Evaluation } from './evaluation';
import { taskSweep } from './task-sweep';
import { methodOnTask, timesOnTask } from './task-times';
import type { StudyWatch } from './watch';

/** A method trained with several seeds, in several numbers of steps, beside the teacher. */
export type TrainedOptions = Omit<GeneratorConfig, 'seed'> & {
  /** Training seeds. */
  seeds: readonly number[];
  /** Network evaluations of the generator. */
  steps: readonly number[];
  /** NFE of the teacher by EDM's Heun sampler. */
  evaluations: readonly number[];
  /** Samples a measurement. */
  n: number;
  /** Measurements of one training, each of other sampling seeds; default 1. */
  blocks?: number;
};

type TrainedConfig = {
  identity: Task['identity'];
  steps: readonly number[];
  n: number;
  blocks: number;
} & GeneratorConfig;

type TeacherConfig = { identity: Task['identity']; series: string; nfe: number; n: number; blocks: number };

/** One training, measured in every number of steps. */
export const trainedSteps: Evaluation<TrainedConfig, ComparisonPoint[]> = {
  name: 'trained steps',
  code: __filename,
  evaluate: async (
    task,
    { method, run, images, seed, steps, n, blocks },
    { generators, signal, addMadeBy, onDone },
  ) => {
    const made = await trainedGenerator(task, { method, run, images, seed }, generators, {
      signal,
      onReport: report => onDone(report.images),
    });
    if (!made) return undefined;
    addMadeBy(made.madeBy);
    onDone(images, 'measuring');
    return compareSteps(task, generatorAt(made.run, task, steps), { n, blocks, signal }).finally(() =>
      made.run.dispose(),
    );
  },
};

/** The teacher in one number of evaluations. */
export const teacherSteps: Evaluation<TeacherConfig, ComparisonPoint[]> = {
  name: 'teacher steps',
  code: __filename,
  evaluate: (task, { nfe, n, blocks }, { signal, onDone }) => {
    onDone(0, 'measuring');
    return compareSteps(task, teacherAt(task, [nfe]), { n, blocks, signal });
  },
};

/**
 * Trains with each seed and measures the generator in 1, 2, ... steps, from the same noise and labels for all, and the
 * teacher on as many blocks of sampling seeds. Points are numbered by training seed, by block where there are several of
 * one training. Results are cached by configuration in `folders.results`, generators kept in `folders.generators`: it can
 * be stopped, also in the middle of a training, and goes on. Aborted, it returns the points it has.
 * @throws ArgumentError, before it trains, for a number of steps without times
 */
export const compareTrained = async (
  task: Task,
  { seeds, steps, evaluations, n, blocks = 1, ...training }: TrainedOptions,
  folders: { results: string; generators: string },
  watch: StudyWatch = {},
): Promise<ComparisonPoint[]> => {
  const { identity } = task;
  const known = timesOnTask(task, methodOnTask(task, training.method));
  for (const K of steps) timesOfSteps('compareTrained', known, K);
  const { results: folder, generators } = folders;
  const trained = await taskSweep(
    task,
    trainedSteps,
    seeds.map((seed): TrainedConfig => ({ identity, ...training, seed, steps, n, blocks })),
    { folder, generators, amount: ({ images }) => images, label: ({ seed }) => `seed ${seed}`, ...watch },
  );
  const teacherBlocks = blocks === 1 ? seeds.length : blocks;
  const teacher = await taskSweep(
    task,
    teacherSteps,
    evaluations.map((nfe): TeacherConfig => ({ identity, series: 'teacher', nfe, n, blocks: teacherBlocks })),
    { folder, label: ({ nfe }) => `teacher, NFE ${nfe}`, ...watch },
  );
  return [
    ...trained.flatMap(({ config: { seed }, result }) =>
      result.map(point => (blocks === 1 ? { ...point, seed } : point)),
    ),
    ...teacher.flatMap(({ result }) => result),
  ];
};
