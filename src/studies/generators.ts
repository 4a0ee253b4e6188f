import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newestFolder, readKept, writeKept } from '../checkpoints';
import { beginMaking, distinctMadeBy, freshWanted, isStale, type MadeBy } from '../provenance';
import type { Task } from '../tasks';
import type { DistillMethod } from '../methods';
import { distill, type IterationReport, type Run, type RunOptions } from '../training';
import { autosave } from './autosave';
import { loadKeptRun } from './kept-run';
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
  /** What trained it; several where it was stopped and went on, none where that was not kept. */
  madeBy: readonly MadeBy[];
};

const FILE = 'made-by.json';

/** What made a kept generator; none where that was not kept, or cannot be believed. */
const storedMadeBy = async (dir: string, depends: object): Promise<MadeBy[]> =>
  (await readKept<MadeBy[]>(join(dir, FILE), depends)) ?? [];

/**
 * The generator of a configuration: from `folder`, where one notebook left it for the others, or trained now. An aborted
 * training is saved and goes on at the next call. With `fresh` one that other code trained is removed and trained again;
 * a checkpoint that is damaged is set aside with a warning, and trained again from the one before it, or from the start.
 * @returns nothing when it was aborted
 */
export const trainedGenerator = async (
  task: Task,
  { method, run: options, images, seed }: GeneratorConfig,
  folder: string,
  {
    onReport,
    signal,
    fresh = freshWanted(),
  }: {
    /** See `TrainOptions`: what is asked of the run is that of the newest iteration that has begun. */
    onReport?: (report: IterationReport, run: Run) => void | Promise<void>;
    signal?: AbortSignal;
    fresh?: boolean;
  } = {},
): Promise<TrainedGenerator | undefined> => {
  const { identity, teacher, start, dataset } = task;
  const depends = { identity, method, options, images, seed };
  const dir = join(folder, configHash(depends));
  const before = await storedMadeBy(dir, depends);
  if (fresh && (await newestFolder(dir)) !== undefined && isStale(before)) {
    await rm(dir, { recursive: true });
    before.length = 0;
  }
  const kept = await loadKeptRun(dir, dataset);
  const isNew = kept === undefined;
  if (isNew) before.length = 0;
  const done = beginMaking(__filename);
  let trained = false;
  /** Nothing is known of an old generator's training: what goes on with it says nothing of its beginning. */
  const keepMadeBy = async (): Promise<MadeBy[]> => {
    const madeBy = distinctMadeBy(trained && (isNew || before.length > 0) ? [...before, done()] : before);
    if (!trained || madeBy.length === 0) return madeBy;
    await mkdir(dir, { recursive: true });
    await writeKept(join(dir, FILE), depends, madeBy);
    return madeBy;
  };
  const run = kept ?? distill({ teacher, start, dataset, method, run: { ...options, seed } });
  try {
    const save = autosave(run, dir, { onSave: async () => void (await keepMadeBy()) });
    const end = await run.train({
      images,
      dir,
      signal,
      onReport: async report => {
        trained = true;
        await onReport?.(report, run);
        await save();
      },
    });
    const madeBy = await keepMadeBy();
    if (end === 'done') return { run, dir, madeBy };
  } catch (error) {
    run.dispose();
    throw error;
  }
  run.dispose();
  return undefined;
};
