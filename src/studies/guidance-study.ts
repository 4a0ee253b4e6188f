import { dispose } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../compute/check';
import { loadTeacher, sha256OfWeights } from '../models';
import type { Model } from '../networks';
import type { Made } from '../provenance';
import { sampleHeun } from '../samplers';
import type { Task, TaskResult } from '../tasks';
import type { Evaluation } from './evaluation';
import { taskSweep } from './task-sweep';
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

type Config = {
  identity: Task['identity'];
  guidance: number;
  /** SHA-256 of the guide's weights: a file's name does not say what is in it. */
  guideWeights: string;
} & Omit<GuidanceOptions, 'weights'>;

const withGuide = async <T>(name: string, use: (guide: Model, weights: string) => Promise<T>): Promise<T> => {
  const guide = await loadTeacher(name);
  try {
    return await use(guide, await sha256OfWeights(guide.parameters));
  } finally {
    dispose(guide.parameters);
  }
};

/** The teacher at one weight of guidance. */
export const guidedTeacher: Evaluation<Config, GuidancePoint[]> = {
  name: 'guided teacher',
  code: __filename,
  evaluate: (task, { guidance, guide: name, guideWeights, evaluations, n, blocks }, { signal, onDone }) =>
    withGuide(name, async (guide, weights) => {
      if (weights !== guideWeights)
        throw new ArgumentError(`guidanceCurve: guide '${name}' has weights ${weights} here, expected ${guideWeights}`);
      const points: GuidancePoint[] = [];
      const model = { ...task.teacher, ...(guidance === 1 ? {} : { guide, guidance }), steps: (evaluations + 1) / 2 };
      for (let block = 0; block < blocks; block++) {
        const result = await task.measure(request => sampleHeun({ ...model, ...request }), { n, block, signal });
        points.push({ guidance, seed: block, ...result });
        onDone((block + 1) / blocks);
      }
      return points;
    }),
};

/**
 * Quality against the weight of guidance (autoguidance where the guide is conditional, Karras et al. 2024b): every weight
 * on the same blocks of seeds and labels; cached in `folder`.
 * @throws ArgumentError for an unknown guide, and one of samples or classes other than the task's
 */
export const guidanceCurve = async (
  task: Task,
  { weights, ...shared }: GuidanceOptions,
  folder: string,
  watch: StudyWatch = {},
): Promise<GuidancePoint[]> => {
  const guideWeights = await withGuide(shared.guide, (_, sha256) => Promise.resolve(sha256));
  const configs = weights.map((guidance): Config => ({ identity: task.identity, guidance, guideWeights, ...shared }));
  const entries = await taskSweep(task, guidedTeacher, configs, {
    folder,
    label: ({ guidance }) => `guidance ${guidance}`,
    ...watch,
  });
  return entries.flatMap(({ result }) => result);
};
