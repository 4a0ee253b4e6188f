import { dispose } from '@tensorflow/tfjs-core';
import type { DenoisingOptions } from '../methods';
import type { Made } from '../provenance';
import { sampleHeun } from '../samplers';
import type { Task, TaskResult } from '../tasks';
import { postHocParameters, powerAverages, type PowerSnapshot, pretrain, type RunOptions } from '../training';
import type { Evaluation } from './evaluation';
import { taskSweep } from './task-sweep';
import type { StudyWatch } from './watch';

/** Averages of many widths, chosen after training (Karras et al. 2024, section 3.2). */
export type PostHocOptions = {
  /** Training seeds. */
  seeds: readonly number[];
  /** Training images at which averages are reconstructed, rising. */
  evaluateAt: readonly number[];
  /** Stored over the whole training, evenly. */
  snapshots: number;
  /** Relative standard deviations wanted. */
  stds: readonly number[];
  /** NFE of EDM's Heun sampler. */
  evaluations: number;
  /** Samples a measurement. */
  n: number;
  denoising: Partial<DenoisingOptions>;
  run: Partial<RunOptions>;
};

/** Quality with one length of the average, chosen after training. */
export type PostHocPoint = {
  /** Training seed. */
  seed: number;
  /** Images seen in training. */
  images: number;
  /** Relative standard deviation of the average. */
  std: number;
} & TaskResult &
  Made;

type Config = { identity: Task['identity']; study: 'post-hoc'; seed: number } & Omit<PostHocOptions, 'seeds'>;
type Progress = { onImages?: (images: number) => void; signal?: AbortSignal };

const trainAndReconstruct = async (
  task: Task,
  { seed, evaluateAt, snapshots: count, stds, evaluations, n, denoising, run: options }: Config,
  { onImages, signal }: Progress,
): Promise<PostHocPoint[]> => {
  const { denoiser } = task.teacher;
  const run = pretrain({ denoiser, dataset: task.dataset, denoising, run: { ...options, seed } });
  const averages = powerAverages(run);
  const snapshots: PowerSnapshot[] = [];
  const every = evaluateAt[evaluateAt.length - 1] / count;
  let next = every;
  const points: PostHocPoint[] = [];
  try {
    for (const images of evaluateAt) {
      await run.train({
        images,
        signal,
        onStep: async report => {
          await averages.update();
          if (report.images >= next || report.images >= images) snapshots.push(...(await averages.snapshot()));
          while (next <= report.images) next += every;
          onImages?.(report.images);
        },
      });
      for (const std of stds) {
        signal?.throwIfAborted();
        const parameters = postHocParameters(snapshots, { images: run.images, std }, run.parameters('phi'));
        const model = { denoiser, parameters, steps: (evaluations + 1) / 2 };
        const result = await task
          .measure(request => sampleHeun({ ...model, ...request }), { n, block: 0, signal })
          .finally(() => dispose(parameters));
        points.push({ seed, images: run.images, std, ...result });
      }
    }
    return points;
  } finally {
    run.dispose();
  }
};

/** The averages of one training. */
export const postHocAverages: Evaluation<Config, PostHocPoint[]> = {
  name: 'post-hoc averages',
  code: __filename,
  evaluate: (task, config, { signal, onDone }) => trainAndReconstruct(task, config, { signal, onImages: onDone }),
};

/**
 * Trains the task's teacher network anew with each seed, storing averages of two widths as EDM2 does, and measures the
 * averages of every wanted width that they make afterwards. Always the same sampling seeds; cached in `folder`.
 */
export const postHocStudy = async (
  task: Task,
  { seeds, ...shared }: PostHocOptions,
  folder: string,
  watch: StudyWatch = {},
): Promise<PostHocPoint[]> => {
  const configs = seeds.map((seed): Config => ({ identity: task.identity, study: 'post-hoc', seed, ...shared }));
  const entries = await taskSweep(task, postHocAverages, configs, {
    folder,
    amount: ({ evaluateAt }) => evaluateAt[evaluateAt.length - 1],
    label: ({ seed }) => `seed ${seed}`,
    ...watch,
  });
  return entries.flatMap(({ result }) => result);
};
