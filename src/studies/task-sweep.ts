import { join } from 'node:path';
import { beginMaking } from '../provenance';
import type { Task } from '../tasks';
import type { Evaluation, EvaluationContext } from './evaluation';
import { queuedResults } from './queued-results';
import { keptSweep, makeEntry, type Stored, type SweepEntry } from './sweep';
import type { StudyWatch } from './watch';

/** How a sweep on a task is kept, named and watched. */
export type TaskSweepOptions<C> = StudyWatch & {
  /** Of results. */
  folder: string;
  /** Of trained generators; default `generators` in the folder. */
  generators?: string;
  /** How much there is to do of a configuration, in the unit of its progress; default 1. */
  amount?: (config: C) => number;
  /** A configuration in a word or two, for people. */
  label: (config: C) => string;
};

/** One configuration on a task, with what made it; nothing where it was stopped. */
export const evaluateOnce = <C extends object, R>(
  { code, evaluate }: Evaluation<C, R>,
  task: Task,
  config: C,
  context: Omit<EvaluationContext, 'addMadeBy'>,
): Promise<Stored<R> | undefined> =>
  makeEntry(beginMaking(code), addMadeBy => evaluate(task, config, { ...context, addMadeBy }), context.signal);

/**
 * Every configuration of a study on a task: kept in `folder` as `sweep` does, computed here one after the other, or, with
 * `queue`, by the workers that take jobs from it. A result is the same wherever it was computed.
 */
export const taskSweep = <C extends object, R>(
  task: Task,
  evaluation: Evaluation<C, R>,
  configs: readonly C[],
  { folder, generators = join(folder, 'generators'), amount = () => 1, label, ...watch }: TaskSweepOptions<C>,
): Promise<SweepEntry<C, R>[]> => {
  const { onProgress, signal, queue = process.env.COSIM_QUEUE, onJobs } = watch;
  const total = configs.reduce((sum, config) => sum + amount(config), 0);
  let done = 0;
  return keptSweep<C, R>({
    configs,
    folder,
    make: config =>
      evaluateOnce(evaluation, task, config, {
        folder,
        generators,
        signal,
        onDone: (part, what) => {
          const text = what === undefined ? label(config) : `${label(config)}: ${what}`;
          onProgress?.(done + Math.min(part, amount(config)), total, text);
        },
      }),
    ...(queue && { elsewhere: missing => queuedResults(queue, task, evaluation, missing, { label, signal, onJobs }) }),
    onEntry: ({ config, cached, madeBy }) => {
      done += amount(config);
      onProgress?.(done, total, label(config), cached ? madeBy : undefined);
    },
    signal,
  });
};
