import { regularisation } from '../losses';
import { distil, type RunOptions } from '../training';
import { sweep } from './sweep';
import type { Task, TaskResult } from './task';

/** The ablation over the regularisation strength (Table 6) on one task. */
export type AblationOptions = {
  coefs: readonly number[]; // alpha (1 + lambda): 0.5 is SiD, 0.75 and 1 are the paper's
  alpha: number; // 1.2 throughout the paper
  seeds: readonly number[]; // of training; data, times and noise all change with it
  evaluateAt: readonly number[]; // training images at which the metric is taken, rising
  steps: number; // sampling steps K (NFE) of the metric
  n: number; // samples per evaluation
  run: Partial<RunOptions>;
};

/** The metric of one run at one number of training images. */
export type AblationPoint = { coef: number; seed: number; images: number } & TaskResult;

type Config = { identity: Task['identity']; coef: number; alpha: number; seed: number } & Omit<
  AblationOptions,
  'coefs' | 'seeds'
>;

export type AblationCallbacks = {
  onImages?: (images: number, total: number, label: string) => void; // over all runs that were not cached
  signal?: AbortSignal;
};

const trainAndMeasure = async (
  task: Task,
  { coef, alpha, seed, evaluateAt, steps, n, run: options }: Config,
  onImages: (images: number) => void,
  signal: AbortSignal | undefined,
): Promise<AblationPoint[] | undefined> => {
  const { teacher, start, dataset, times } = task;
  const run = distil({ teacher, start, dataset, method: { kind: 'cosim', coef, alpha }, run: { ...options, seed } });
  try {
    const points: AblationPoint[] = [];
    for (const images of evaluateAt) {
      await run.train({ images, signal, onStep: report => onImages(report.images) });
      if (signal?.aborted) return undefined;
      const result = await task.measure(request => run.sample({ ...request, times: times[steps] }), { n, block: 0 });
      points.push({ coef, seed, images: run.images, ...result });
    }
    return points;
  } finally {
    run.dispose();
  }
};

/**
 * Table 6's shape: the metric against training images for every strength and seed, results cached one by one in `folder`.
 * Seeds run in the outer loop, so that an interrupted sweep has all strengths for the seeds it finished.
 */
export const ablation = async (
  task: Task,
  { coefs, seeds, ...shared }: AblationOptions,
  folder: string,
  { onImages, signal }: AblationCallbacks = {},
): Promise<AblationPoint[]> => {
  const configs = seeds.flatMap(seed =>
    coefs.map((coef): Config => ({ identity: task.identity, coef, seed, ...shared })),
  );
  const each = shared.evaluateAt[shared.evaluateAt.length - 1];
  let done = 0;
  const entries = await sweep({
    configs,
    folder,
    evaluate: config =>
      trainAndMeasure(
        task,
        config,
        images => onImages?.(done + images, each * configs.length, `coef ${config.coef}, seed ${config.seed}`),
        signal,
      ),
    onEntry: ({ config, cached }) => {
      done += each;
      if (cached) onImages?.(done, each * configs.length, `coef ${config.coef}, seed ${config.seed}: from cache`);
    },
  });
  return entries.flatMap(entry => entry.result);
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
