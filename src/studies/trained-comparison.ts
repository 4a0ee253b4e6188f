import type { Task } from '../tasks';
import type { IterationReport } from '../training';
import { type GeneratorConfig, trainedGenerator } from './generators';
import { compareSteps, type ComparisonPoint, generatorAt, teacherAt } from './steps-comparison';
import { sweep } from './sweep';
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

/**
 * Trains with each seed and measures the generator in 1, 2, ... steps, from the same noise and labels for all, and the
 * teacher on as many blocks of sampling seeds. Points are numbered by training seed, by block where there are several of
 * one training. Results are cached by configuration in `folders.results`, generators kept in `folders.generators`: it can
 * be stopped, also in the middle of a training, and goes on. Aborted, it returns the points it has.
 */
export const compareTrained = async (
  task: Task,
  { seeds, steps, evaluations, n, blocks = 1, ...training }: TrainedOptions,
  folders: { results: string; generators: string },
  { onProgress, signal }: StudyWatch = {},
): Promise<ComparisonPoint[]> => {
  const { identity } = task;
  const total = training.images * seeds.length;
  let done = 0;
  const trained = await sweep({
    code: __filename,
    configs: seeds.map(seed => ({ identity, ...training, seed, steps, n, blocks })),
    folder: folders.results,
    evaluate: async ({ seed }, addMadeBy) => {
      const label = `seed ${seed}`;
      const onStep = ({ images }: IterationReport): void => onProgress?.(done + images, total, label);
      const made = await trainedGenerator(task, { ...training, seed }, folders.generators, { signal, onStep });
      if (!made) return undefined;
      addMadeBy(made.madeBy);
      onProgress?.(done + training.images, total, `${label}: measuring`);
      return compareSteps(task, generatorAt(made.run, task, steps), { n, blocks, signal }).finally(() =>
        made.run.dispose(),
      );
    },
    onEntry: ({ config: { seed }, cached, madeBy }) => {
      done += training.images;
      onProgress?.(done, total, `seed ${seed}`, cached ? madeBy : undefined);
    },
    signal,
  });
  const teacherBlocks = blocks === 1 ? seeds.length : blocks;
  const teacher = await sweep({
    code: __filename,
    configs: evaluations.map(nfe => ({ identity, series: 'teacher', nfe, n, blocks: teacherBlocks })),
    folder: folders.results,
    evaluate: ({ nfe }) => {
      onProgress?.(done, total, `teacher, NFE ${nfe}: measuring`);
      return compareSteps(task, teacherAt(task, [nfe]), { n, blocks: teacherBlocks, signal });
    },
    signal,
  });
  return [
    ...trained.flatMap(({ config: { seed }, result }) =>
      result.map(point => (blocks === 1 ? { ...point, seed } : point)),
    ),
    ...teacher.flatMap(({ result }) => result),
  ];
};
