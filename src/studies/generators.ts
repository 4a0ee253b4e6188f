import { join } from 'node:path';
import { newestFolder } from '../checkpoints';
import type { Task } from '../tasks';
import type { DistillMethod } from '../methods';
import { distill, type IterationReport, Run, type RunOptions } from '../training';
import { autosave } from './autosave';
import { configHash } from './sweep';

/** Everything a generator depends on besides its task. */
export type GeneratorConfig = {
  method: DistillMethod;
  run: Partial<RunOptions>;
  /** Training images. */
  images: number;
  /** Training seed. */
  seed: number;
};

/** A generator as `trainedGenerator` returns it; the caller disposes of the run. */
export type TrainedGenerator = {
  /** The caller disposes of it. */
  run: Run;
  /** Where it is saved. */
  dir: string;
};

/**
 * The generator of a configuration: from `folder`, where one notebook left it for the others, or trained now. An aborted
 * training is saved and goes on at the next call.
 * @returns nothing when it was aborted
 */
export const trainedGenerator = async (
  task: Task,
  { method, run: options, images, seed }: GeneratorConfig,
  folder: string,
  {
    onStep,
    signal,
  }: { onStep?: (report: IterationReport, run: Run) => void | Promise<void>; signal?: AbortSignal } = {},
): Promise<TrainedGenerator | undefined> => {
  const { identity, teacher, start, dataset } = task;
  const dir = join(folder, configHash({ identity, method, options, images, seed }));
  const run =
    (await newestFolder(dir)) === undefined
      ? distill({ teacher, start, dataset, method, run: { ...options, seed } })
      : await Run.load(dir, { dataset });
  try {
    const save = autosave(run, dir);
    const end = await run.train({
      ...{ images, dir, signal },
      onStep: async report => {
        await onStep?.(report, run);
        await save();
      },
    });
    if (end === 'done') return { run, dir };
  } catch (error) {
    run.dispose();
    throw error;
  }
  run.dispose();
  return undefined;
};
