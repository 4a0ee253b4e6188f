import { dispose } from '@tensorflow/tfjs-core';
import { loadTeacher } from '../models';
import type { Made } from '../provenance';
import { sampleHeun } from '../samplers';
import type { Task, TaskResult } from '../tasks';
import { sweep } from './sweep';
import type { StudyWatch } from './watch';

/** A teacher guided by a weaker network, at several weights. */
export type GuidanceOptions = {
  /** A weaker network: a shipped model's name or a file. */
  guide: string;
  /** G of D_guide + g (D - D_guide): 1 is no guidance. */
  weights: readonly number[];
  /** NFE of EDM's Heun sampler, of the teacher alone. */
  evaluations: number;
  /** Samples a measurement. */
  n: number;
  /** Blocks of sampling seeds. */
  blocks: number;
};

/** Quality at one weight of guidance. */
export type GuidancePoint = {
  /** Weight g; 1: the teacher alone. */
  guidance: number;
  /** The block. */
  seed: number;
} & TaskResult &
  Made;

/**
 * Quality against the weight of guidance (autoguidance where the guide is conditional, Karras et al. 2024b): every weight
 * on the same blocks of seeds and labels; cached in `folder`.
 * @throws ArgumentError for an unknown guide, and one of samples or classes other than the task's
 */
export const guidanceCurve = async (
  task: Task,
  { weights, ...shared }: GuidanceOptions,
  folder: string,
  { onProgress, signal }: StudyWatch = {},
): Promise<GuidancePoint[]> => {
  const guide = await loadTeacher(shared.guide);
  const configs = weights.map(guidance => ({ identity: task.identity, guidance, ...shared }));
  let done = 0;
  const entries = await sweep({
    code: __filename,
    configs,
    folder,
    evaluate: async ({ guidance, evaluations, n, blocks }): Promise<GuidancePoint[]> => {
      const points: GuidancePoint[] = [];
      const model = { ...task.teacher, ...(guidance === 1 ? {} : { guide, guidance }), steps: (evaluations + 1) / 2 };
      for (let block = 0; block < blocks; block++) {
        const result = await task.measure(request => sampleHeun({ ...model, ...request }), { n, block, signal });
        points.push({ guidance, seed: block, ...result });
      }
      return points;
    },
    onEntry: ({ config, cached, madeBy }) =>
      onProgress?.(++done, configs.length, `guidance ${config.guidance}`, cached ? madeBy : undefined),
    signal,
  }).finally(() => dispose(guide.parameters));
  return entries.flatMap(({ result }) => result);
};
