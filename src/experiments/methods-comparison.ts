import { unknownName } from '../compute/check';
import type { RunOptions } from '../training';
import { METHOD_PRESET_NAMES, METHOD_PRESETS, type MethodPreset, type MethodPresetName } from './method-presets';
import { compareSteps, teacherAt } from './steps-comparison';
import { configHash, sweep } from './sweep';
import type { Task, TaskResult } from './task';
import { type CurveConfig, type CurvePoint, trainingCurve } from './training-curve';

/** Table 1's shape on one task: the same teacher, data, network, batch, seeds and metric for every method. */
export type MethodsOptions = {
  methods: readonly string[]; // of METHOD_PRESETS
  seeds: readonly number[]; // of training
  evaluateAt: readonly number[]; // training images at which each is measured, rising
  slowEvaluateAt: readonly number[]; // the same for HSIVI-SM, whose iterations cost many times as much
  evaluations: readonly number[]; // NFE of the teacher by EDM's Heun sampler
  n: number; // samples a measurement
  run: Partial<RunOptions>;
};

/** One measurement; of the teacher `seed` is the block of sampling seeds, and there is no training. */
export type MethodPoint = { method: string; nfe: number; seed: number } & Partial<CurvePoint> & TaskResult;

export type MethodsCallbacks = {
  onImages?: (images: number, total: number, label: string) => void; // over all runs, those from the cache at once
  signal?: AbortSignal;
};

type Config = { identity: Task['identity'] } & CurveConfig;

/** A preset for a task: HSIVI-SM trains at the very times that the task samples four steps at. */
const onTask = (name: string, task: Task): MethodPreset => {
  if (!Object.hasOwn(METHOD_PRESETS, name)) throw unknownName('compareMethods', 'method', name, METHOD_PRESET_NAMES);
  const preset: MethodPreset = METHOD_PRESETS[name as MethodPresetName];
  const { method } = preset;
  if (method.kind !== 'hsivi') return preset;
  const levels = task.times[4];
  return { ...preset, method: { ...method, levels, last: Math.min(0.02, levels[levels.length - 1] / 2) } };
};

/** The sampling steps that both a method and a task have times for. */
const stepsOf = ({ steps, method }: MethodPreset, task: Task): number[] =>
  steps.filter(K => method.kind !== 'cosim' || K in task.times);

/**
 * Every method and seed as one sweep: results are cached by configuration in `folder`, so that it can be stopped and
 * goes on. Seeds run in the outer loop: an interrupted sweep has all methods for the seeds it finished.
 * @throws ArgumentError for an unknown method
 */
export const compareMethods = async (
  task: Task,
  options: MethodsOptions,
  folder: string,
  { onImages, signal }: MethodsCallbacks = {},
): Promise<MethodPoint[]> => {
  const { seeds, evaluateAt, slowEvaluateAt, n, run } = options;
  const presets = options.methods.map(name => onTask(name, task));
  const names = new Map<string, string>(); // by the hash of a configuration: a label is no part of it
  const configs = seeds.flatMap(seed =>
    presets.map((preset): Config => {
      const { method, name } = preset;
      const at = method.kind === 'hsivi' ? slowEvaluateAt : evaluateAt;
      const config = { identity: task.identity, method, run, seed, evaluateAt: at, steps: stepsOf(preset, task), n };
      names.set(configHash(config), name);
      return config;
    }),
  );
  const last = ({ evaluateAt: at }: Config): number => at[at.length - 1];
  const total = configs.reduce((sum, config) => sum + last(config), 0);
  const labelOf = (config: Config): string => `${names.get(configHash(config))}, seed ${config.seed}`;
  let done = 0;
  const entries = await sweep({
    configs,
    folder,
    evaluate: config =>
      trainingCurve(task, config, { signal, onImages: images => onImages?.(done + images, total, labelOf(config)) }),
    onEntry: ({ config, cached }) => {
      done += last(config);
      if (cached) onImages?.(done, total, `${labelOf(config)}: from cache`);
    },
  });
  return entries.flatMap(({ config, result }) =>
    result.map(point => ({ method: names.get(configHash(config))!, ...point })),
  );
};

/** The teacher's rows, one a block of sampling seeds; cached as the methods' are. */
export const teacherPoints = async (
  task: Task,
  { evaluations, n, seeds }: Pick<MethodsOptions, 'evaluations' | 'n' | 'seeds'>,
  folder: string,
  { onImages, signal }: MethodsCallbacks = {},
): Promise<MethodPoint[]> => {
  const configs = evaluations.map(nfe => ({
    identity: task.identity,
    teacher: 'EDM Heun',
    nfe,
    n,
    blocks: seeds.length,
  }));
  let done = 0;
  const entries = await sweep({
    configs,
    folder,
    evaluate: async ({ nfe, blocks }) =>
      signal?.aborted ? undefined : compareSteps(task, teacherAt(task, [nfe]), { n, blocks }),
    onEntry: ({ config }) => onImages?.(++done, configs.length, `teacher, NFE ${config.nfe}`),
  });
  return entries.flatMap(({ result }) =>
    result.map(({ series, steps, ...point }) => ({ method: series, nfe: steps, ...point })),
  );
};

/** Of each method, seed and NFE the last measurement: the rows of the table. */
export const finalPoints = (points: readonly MethodPoint[]): MethodPoint[] => {
  const last = new Map<string, MethodPoint>();
  for (const point of points) {
    const key = `${point.method} ${point.nfe} ${point.seed}`;
    if ((last.get(key)?.images ?? -1) <= (point.images ?? 0)) last.set(key, point);
  }
  return [...last.values()];
};

/** What one iteration (all its psi updates and the one of phi) costs a method: medians over its runs. */
export type IterationCost = { method: string; secondsPerIteration: number; cpuSecondsPerIteration: number };

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 > 0 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** @see IterationCost */
export const iterationCosts = (points: readonly MethodPoint[]): IterationCost[] => {
  const trained = finalPoints(points).filter(({ iterations = 0 }) => iterations > 0);
  return [...new Set(trained.map(({ method }) => method))].map(method => {
    const own = trained.filter(point => point.method === method);
    return {
      method,
      secondsPerIteration: median(own.map(({ seconds = 0, iterations = 1 }) => seconds / iterations)),
      cpuSecondsPerIteration: median(own.map(({ cpuSeconds = 0, iterations = 1 }) => cpuSeconds / iterations)),
    };
  });
};
