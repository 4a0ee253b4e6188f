import { regularisation } from '../losses';
import type { Task } from '../tasks';
import type { RunOptions } from '../training';
import { sweep, unfinishedFolder } from './sweep';
import { type CurvePoint, trainingCurve } from './training-curve';
import type { StudyWatch } from './watch';

/** The ablation over the regularisation strength (Table 6) on one task. */
export type AblationOptions = {
  /** alpha (1 + lambda): 0.5 is SiD, 0.75 and 1 are the paper's. */
  coefs: readonly number[];
  /** 1.2 throughout the paper. */
  alpha: number;
  /** Of training; data, times and noise all change with it. */
  seeds: readonly number[];
  /** Training images at which the metric is taken, rising. */
  evaluateAt: readonly number[];
  /** Sampling steps K (NFE) of the metric. */
  steps: number;
  /** Samples per evaluation. */
  n: number;
  run: Partial<RunOptions>;
};

/** The metric of one run at one number of training images. */
export type AblationPoint = {
  /** Regularisation strength, alpha (1 + lambda). */
  coef: number;
} & CurvePoint;

/**
 * Table 6's shape: the metric against training images for every strength and seed, results cached one by one in `folder`.
 * Seeds run in the outer loop, so that an interrupted sweep has all strengths for the seeds it finished.
 */
export const ablation = async (
  task: Task,
  { coefs, alpha, seeds, steps, ...shared }: AblationOptions,
  folder: string,
  { onProgress, signal }: StudyWatch = {},
): Promise<AblationPoint[]> => {
  const { identity } = task;
  const configs = seeds.flatMap(seed =>
    coefs.map(coef => ({ identity, method: { kind: 'cosim', alpha, coef } as const, seed, steps: [steps], ...shared })),
  );
  const each = shared.evaluateAt[shared.evaluateAt.length - 1];
  const total = each * configs.length;
  let done = 0;
  const entries = await sweep({
    code: __filename,
    configs,
    folder,
    evaluate: (config, addMadeBy) => {
      const label = `coef ${config.method.coef}, seed ${config.seed}`;
      return trainingCurve(task, config, {
        dir: unfinishedFolder(folder, config),
        signal,
        addMadeBy,
        onImages: images => onProgress?.(done + images, total, label),
      });
    },
    onEntry: ({ config: { method, seed }, cached, madeBy }) => {
      done += each;
      if (cached) onProgress?.(done, total, `coef ${method.coef}, seed ${seed}`, madeBy);
    },
    signal,
  });
  return entries.flatMap(({ config, result }) => result.map(point => ({ coef: config.method.coef, ...point })));
};

/** One row a strength: alpha, lambda, coef and beta side by side, and the metric over seeds at every evaluation. */
export const ablationRows = (points: readonly AblationPoint[], alpha: number): Record<string, number | number[]>[] =>
  [...new Set(points.map(p => p.coef))]
    .sort((a, b) => a - b)
    .map(coef => {
      const own = points.filter(p => p.coef === coef);
      const columns = [...new Set(own.map(p => p.images))].map(images => [
        `${images.toLocaleString('en')} images`,
        own.filter(p => p.images === images).map(p => p.value),
      ]);
      return { ...regularisation(alpha, coef), ...(Object.fromEntries(columns) as Record<string, number[]>) };
    });
