import { median } from 'd3';
import { unknownName } from '../compute/check';
import { timesOfSteps } from '../diffusion';
import { METHOD_PRESET_NAMES, METHOD_PRESETS, type MethodPreset, type MethodPresetName } from '../methods';
import { beginMaking, type Made, madeNow } from '../provenance';
import { edmStart } from '../samplers';
import type { Task, TaskResult } from '../tasks';
import { distill, type RunOptions } from '../training';
import { compareSteps, type ComparisonPoint, teacherAt } from './steps-comparison';
import type { Evaluation } from './evaluation';
import type { StudyWatch } from './watch';
import { configHash } from './sweep';
import { taskSweep } from './task-sweep';
import { methodOnTask, timesOnTask } from './task-times';
import { type CurveConfig, curveEvaluation, type CurvePoint } from './training-curve';

/** Table 1's shape on one task: the same teacher, data, network, batch, seeds and metric for every method. */
export type MethodsOptions = {
  /** Keys of METHOD_PRESETS. */
  methods: readonly string[];
  /** Training seeds. */
  seeds: readonly number[];
  /** Training images at which each is measured, rising. */
  evaluateAt: readonly number[];
  /** The same for HSIVI-SM, whose iterations cost many times as much. */
  slowEvaluateAt: readonly number[];
  /** NFE of the teacher by EDM's Heun sampler. */
  evaluations: readonly number[];
  /** Samples a measurement. */
  n: number;
  run: Partial<RunOptions>;
};

/** One measurement; of the teacher `seed` is the block of sampling seeds, and there is no training. */
export type MethodPoint = {
  /** Its preset's name, or teacher. */
  method: string;
  /** Network evaluations a sample. */
  nfe: number;
  /** Training seed, of the teacher the block's. */
  seed: number;
} & Partial<CurvePoint> &
  TaskResult &
  Made;

type Config = { identity: Task['identity'] } & CurveConfig;

type TeacherConfig = { identity: Task['identity']; teacher: string; nfe: number; n: number; blocks: number };

/** The curve of one method and seed. */
export const methodCurve: Evaluation<Config, CurvePoint[]> = curveEvaluation('methods', __filename);

/** The teacher in one number of evaluations. */
export const teacherMeasurement: Evaluation<TeacherConfig, ComparisonPoint[]> = {
  name: 'teacher',
  code: __filename,
  evaluate: (task, { nfe, n, blocks }, { signal }) => compareSteps(task, teacherAt(task, [nfe]), { n, blocks, signal }),
};

/** A preset for a task: HSIVI-SM trains at the very times that the task samples four steps at. */
const onTask = (name: string, task: Task): MethodPreset => {
  if (!Object.hasOwn(METHOD_PRESETS, name)) throw unknownName('compareMethods', 'method', name, METHOD_PRESET_NAMES);
  const preset: MethodPreset = METHOD_PRESETS[name as MethodPresetName];
  const { method } = preset;
  if (method.kind !== 'hsivi') return preset;
  const levels = timesOfSteps('compareMethods', timesOnTask(task, {}), 4);
  return { ...preset, method: { ...method, levels, last: Math.min(0.02, levels[levels.length - 1] / 2) } };
};

/** The sampling steps of a preset that there are times for. */
const stepsOf = ({ steps, method }: MethodPreset, task: Task): number[] => {
  const known = timesOnTask(task, methodOnTask(task, method));
  return steps.filter(K => K in known);
};

/**
 * Every method and seed as one sweep: results are cached by configuration in `folder`, so that it can be stopped and
 * goes on. Seeds run in the outer loop: an interrupted sweep has all methods for the seeds it finished.
 * @throws ArgumentError for an unknown method
 */
export const compareMethods = async (
  task: Task,
  options: MethodsOptions,
  folder: string,
  watch: StudyWatch = {},
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
  const entries = await taskSweep(task, methodCurve, configs, {
    folder,
    amount: ({ evaluateAt: at }) => at[at.length - 1],
    label: config => `${names.get(configHash(config))}, seed ${config.seed}`,
    ...watch,
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
  watch: StudyWatch = {},
): Promise<MethodPoint[]> => {
  const configs = evaluations.map((nfe): TeacherConfig => ({
    identity: task.identity,
    teacher: 'EDM Heun',
    nfe,
    n,
    blocks: seeds.length,
  }));
  const entries = await taskSweep(task, teacherMeasurement, configs, {
    folder,
    label: ({ nfe }) => `teacher, NFE ${nfe}`,
    ...watch,
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

/** One row a method and NFE: the last measurements over seeds, and what training took. */
export const methodRows = (points: readonly MethodPoint[]): Record<string, string | number | number[]>[] => {
  const last = finalPoints(points);
  return [...new Set(last.map(({ method, nfe }) => JSON.stringify([method, nfe])))].map(key => {
    const own = last.filter(({ method, nfe }) => JSON.stringify([method, nfe]) === key);
    const [{ method, nfe, iterations }] = own;
    const values = (of: (point: MethodPoint) => number | undefined): number[] => own.map(point => of(point) ?? NaN);
    return {
      method,
      NFE: nfe,
      metric: values(({ value }) => value),
      ...Object.fromEntries(
        Object.keys(own[0].also ?? {}).map(name => [name, values(({ also }) => also?.[name].value)]),
      ),
      ...(own[0].onMode !== undefined && { 'on a mode': values(({ onMode }) => onMode) }),
      ...(own[0].accuracy !== undefined && { 'class accuracy': values(({ accuracy }) => accuracy) }),
      iterations: iterations ?? '',
      'training, CPU s': iterations === undefined ? '' : values(({ cpuSeconds }) => cpuSeconds),
    };
  });
};

/** What one iteration (all its psi updates and the one of phi) takes: medians over `iterations` measured ones. */
export type IterationCost = {
  method: string;
  secondsPerIteration: number;
  /** Processor time of one iteration, seconds over all threads. */
  cpuSecondsPerIteration: number;
  /** That were timed; fewer than asked for where it was stopped. */
  iterations: number;
} & Made;

/** What `iterationCosts` times: methods by name, and HSIVI-SM with other numbers of layers. */
export type CostOptions = Pick<MethodsOptions, 'methods' | 'run'> & {
  /** K of HSIVI-SM, on EDM's grid; 4 is the preset's own. */
  layers: readonly number[];
  /** Of each, besides a first one that compiles. */
  iterations: number;
};

/**
 * Times single iterations of the methods in alternation, so that what else the machine does meets all of them alike.
 * Aborted, it returns those that were timed, marked `interrupted`.
 */
export const iterationCosts = async (
  task: Task,
  { methods, layers, run, iterations }: CostOptions,
  { onProgress, signal }: StudyWatch = {},
): Promise<IterationCost[]> => {
  const made = beginMaking(__filename);
  const { teacher, start, dataset } = task;
  const deeper = layers.map((K): Pick<MethodPreset, 'name' | 'method'> => ({
    name: `HSIVI-SM, K = ${K}`,
    method: { ...METHOD_PRESETS.hsivi.method, levels: edmStart(K), last: 0.002 },
  }));
  const contenders = [...methods.map(name => onTask(name, task)), ...deeper].map(
    ({ name: method, method: config }) => ({
      method,
      run: distill({ teacher, start, dataset, method: config, run }),
      wall: [] as number[],
      cpu: [] as number[],
    }),
  );
  try {
    for (let i = 0; i <= iterations && !signal?.aborted; i++)
      for (const { run: own, wall, cpu } of contenders) {
        const [began, used] = [performance.now(), process.cpuUsage()];
        if ((await own.train({ images: own.images + own.options.batch, signal })) === 'aborted') break;
        const { user, system } = process.cpuUsage(used);
        if (i === 0) continue; // compiles
        wall.push((performance.now() - began) / 1000);
        cpu.push((user + system) / 1e6);
        onProgress?.(i, iterations, 'iteration');
      }
    const costs = contenders
      .filter(({ wall }) => wall.length > 0)
      .map(({ method, wall, cpu }) => ({
        method,
        secondsPerIteration: median(wall)!,
        cpuSecondsPerIteration: median(cpu)!,
        iterations: wall.length,
      }));
    return madeNow(costs, made(), signal?.aborted);
  } finally {
    for (const { run: own } of contenders) own.dispose();
  }
};
