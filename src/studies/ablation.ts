import type { Samples } from '../compute/host-arrays';
import { regularisation } from '../losses';
import type { Task, TaskResult } from '../tasks';
import type { RunOptions } from '../training';
import type { Evaluation } from './evaluation';
import { taskSweep } from './task-sweep';
import { type CurveConfig, curveEvaluation, type CurvePoint } from './training-curve';
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
  /** Of the samples that are measured with the first seed, so many are kept to be looked at; default none. */
  kept?: number;
};

/** The metric of one run at one number of training images. */
export type AblationPoint = {
  /** Regularisation strength, alpha (1 + lambda). */
  coef: number;
} & CurvePoint;

/** Samples of the first training seed at one number of training images: the first of those that were measured. */
export type AblationSamples = { coef: number; images: number; samples: Samples };

/** What `ablation` measured, and the samples that it kept. */
export type AblationResult = { points: AblationPoint[]; drawn: AblationSamples[] };

/** Samples as a result keeps them, in thousandths: to be looked at, not to be computed with. */
type KeptSamples = { shape: readonly number[]; thousandths: number[] };

/** The task, whose results also have the first `kept` samples that were measured. */
const keepingSamples = (task: Task, kept: number): Task => ({
  ...task,
  measure: async (draw, options) => {
    let first: Samples | undefined;
    const result: TaskResult & { samples?: KeptSamples } = await task.measure(async request => {
      const samples = await draw(request);
      first ??= samples;
      return samples;
    }, options);
    if (first === undefined) return result;
    const { data, n, shape } = first;
    const values = data.subarray(0, (data.length / n) * Math.min(n, kept));
    return { ...result, samples: { shape, thousandths: Array.from(values, value => Math.round(1000 * value)) } };
  },
});

const samplesOf = ({ shape, thousandths }: KeptSamples): Samples => {
  const n = thousandths.length / shape.reduce((product, side) => product * side, 1);
  return { data: Float32Array.from(thousandths, value => value / 1000), n, shape };
};

/** A point with the samples that it keeps. */
type KeptPoint = CurvePoint & { samples?: KeptSamples };

type Config = { identity: Task['identity']; method: { kind: 'cosim'; alpha: number; coef: number } } & CurveConfig &
  Pick<AblationOptions, 'kept'>;

const measured = curveEvaluation<Config>('ablation', __filename);

/** The curve of one strength and seed. */
export const ablationCurve: Evaluation<Config, KeptPoint[]> = {
  ...measured,
  evaluate: (task, config, context) =>
    measured.evaluate(config.kept === undefined ? task : keepingSamples(task, config.kept), config, context),
};

/**
 * Table 6's shape: the metric against training images for every strength and seed, results cached one by one in `folder`.
 * Seeds run in the outer loop, so that an interrupted sweep has all strengths for the seeds it finished.
 */
export const ablation = async (
  task: Task,
  { coefs, alpha, seeds, steps, kept = 0, ...shared }: AblationOptions,
  folder: string,
  watch: StudyWatch = {},
): Promise<AblationResult> => {
  const { identity } = task;
  const configs = seeds.flatMap((seed, i) =>
    coefs.map((coef): Config => ({
      identity,
      method: { kind: 'cosim', alpha, coef },
      seed,
      steps: [steps],
      ...(i === 0 && kept > 0 && { kept }),
      ...shared,
    })),
  );
  const entries = await taskSweep(task, ablationCurve, configs, {
    folder,
    amount: ({ evaluateAt }) => evaluateAt[evaluateAt.length - 1],
    label: ({ method, seed }) => `coef ${method.coef}, seed ${seed}`,
    ...watch,
  });
  const points: AblationPoint[] = [];
  const drawn: AblationSamples[] = [];
  for (const { config, result } of entries)
    for (const { samples, ...point } of result) {
      const { coef } = config.method;
      points.push({ coef, ...point });
      if (samples !== undefined) drawn.push({ coef, images: point.images, samples: samplesOf(samples) });
    }
  return { points, drawn };
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
