import { ArgumentError, expectInteger, expectKeys, fail } from '../compute/check';
import { decreasingTimes, timesOfSteps } from '../diffusion';
import type { DistillMethod } from '../methods';
import type { Task } from '../tasks';
import { RUN_DEFAULTS, type RunOptions, newRunOptions } from '../training';
import { methodOnTask, timesOnTask } from './task-times';

/** What an option that varies may be. */
export type AblatedValue = number | string | boolean | readonly number[];

/** The options of all methods, each with the type that it has there. */
export type AblatedMethodOptions = { [K in AblatedMethodOption]: AblatedMethodValue<DistillMethod, K> };
/** The names of all methods' options. */
export type AblatedMethodOption = DistillMethod extends infer M
  ? M extends unknown
    ? keyof M & string
    : never
  : never;
/** The type of an option of a method. */
export type AblatedMethodValue<M, K extends string> = M extends Readonly<Partial<Record<K, infer V>>> ? V : never;

/** What may vary besides the method's options: how long and how it is trained, and how it is sampled from. */
export type AblatedRunOptions = Omit<RunOptions, 'seed'> & {
  /** Training images. */
  images: number;
  /** Sampling steps K (NFE), at the method's or the task's times. */
  steps: number;
  /** Sampling times, noise levels from 80 down; they win over `steps`. */
  times: readonly number[];
};

/** The options that an ablation varies, by name, each with its values. */
export type Varied = {
  readonly [K in AblatedMethodOption | keyof AblatedRunOptions]?: readonly (K extends keyof AblatedRunOptions
    ? AblatedRunOptions[K]
    : K extends keyof AblatedMethodOptions
      ? AblatedMethodOptions[K]
      : never)[];
};

/** What stays the same in all trainings of an ablation. */
export type Fixed = {
  /** Default: CoSIM with its own defaults. */
  method?: DistillMethod;
  run?: Partial<Omit<RunOptions, 'seed'>>;
  /** Training images, default 64,000. */
  images?: number;
  /** Sampling steps K (NFE), default 4. */
  steps?: number;
};

/** One generator and how it is sampled from: everything its measurement depends on, besides task, seed and n. */
export type Setting = {
  method: DistillMethod;
  run: Partial<RunOptions>;
  images: number;
  times: readonly number[];
};

/** Values of the options that vary, by name. */
export type Cell = Readonly<Record<string, AblatedValue>>;

/** Every combination of the values, the last option changing fastest. */
export const gridOf = (vary: Varied): Cell[] => {
  const lists = Object.entries(vary) as [string, readonly AblatedValue[]][];
  if (lists.length < 1 || lists.length > 2) fail('ablate', 'vary', 'one option or two', lists.length);
  for (const [name, values] of lists)
    if (!Array.isArray(values) || values.length === 0) fail('ablate', `vary.${name}`, 'a list of values', values);
  return lists.reduce<Cell[]>(
    (cells, [name, values]) => cells.flatMap(cell => values.map(value => ({ ...cell, [name]: value }))),
    [{}],
  );
};

const SAMPLER = ['images', 'steps', 'times'];

/**
 * The setting with these values in the place of what is fixed. A name is first looked up among the options of training
 * and sampling; any other is one of the method, which refuses those that it does not have.
 * @throws ArgumentError for an unknown option or a value out of range: before anything is trained.
 */
export const settingOf = (task: Task, fixed: Fixed, cell: Cell): Setting => {
  expectKeys('ablate', fixed, ['method', 'run', 'images', 'steps']);
  if ('seed' in cell) throw new ArgumentError("ablate: 'seed' does not vary; `seeds` has one training for each");
  const among = (keep: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(cell).filter(([name]) => keep(name)));
  const ofRun = (name: string): boolean => Object.hasOwn(RUN_DEFAULTS, name);
  const ofMethod = (name: string): boolean => !ofRun(name) && !SAMPLER.includes(name);
  const method = { kind: 'cosim', ...fixed.method, ...among(ofMethod) } as DistillMethod;
  const run = { ...fixed.run, ...among(ofRun) } as Partial<RunOptions>;
  const { images = 64_000, steps = 4, times } = { ...fixed, ...among(name => SAMPLER.includes(name)) } as Fixed & { times?: readonly number[] }; // prettier-ignore
  newRunOptions(run);
  expectInteger('ablate', 'images', images, { min: 1 });
  const built = methodOnTask(task, method);
  const chosen = times ?? timesOfSteps('ablate', timesOnTask(task, built), steps);
  decreasingTimes('ablate', 'times', chosen);
  return { method, run, images, times: chosen };
};
