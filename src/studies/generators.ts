import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newestFolder, writeFileAtomic } from '../checkpoints';
import { beginMaking, distinctMadeBy, freshWanted, isStale, type MadeBy } from '../provenance';
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
  /** What trained it; several where it was stopped and went on, none where that was not kept. */
  madeBy: readonly MadeBy[];
};

const FILE = 'made-by.json';

const storedMadeBy = async (dir: string): Promise<MadeBy[]> => {
  const text = await readFile(join(dir, FILE), 'utf8').catch(() => '[]'); // absent: trained before it was kept
  return JSON.parse(text) as MadeBy[];
};

/**
 * The generator of a configuration: from `folder`, where one notebook left it for the others, or trained now. An aborted
 * training is saved and goes on at the next call. With `fresh` one that other code trained is removed and trained again.
 * @returns nothing when it was aborted
 */
export const trainedGenerator = async (
  task: Task,
  { method, run: options, images, seed }: GeneratorConfig,
  folder: string,
  {
    onStep,
    signal,
    fresh = freshWanted(),
  }: {
    onStep?: (report: IterationReport, run: Run) => void | Promise<void>;
    signal?: AbortSignal;
    fresh?: boolean;
  } = {},
): Promise<TrainedGenerator | undefined> => {
  const { identity, teacher, start, dataset } = task;
  const dir = join(folder, configHash({ identity, method, options, images, seed }));
  const before = await storedMadeBy(dir);
  if (fresh && (await newestFolder(dir)) !== undefined && isStale(before)) {
    await rm(dir, { recursive: true });
    before.length = 0;
  }
  const isNew = (await newestFolder(dir)) === undefined;
  const done = beginMaking(__filename);
  let trained = false;
  /** Nothing is known of an old generator's training: what goes on with it says nothing of its beginning. */
  const keepMadeBy = async (): Promise<MadeBy[]> => {
    const madeBy = distinctMadeBy(trained && (isNew || before.length > 0) ? [...before, done()] : before);
    if (!trained || madeBy.length === 0) return madeBy;
    await mkdir(dir, { recursive: true });
    await writeFileAtomic(join(dir, FILE), `${JSON.stringify(madeBy, null, 1)}\n`);
    return madeBy;
  };
  const run = isNew
    ? distill({ teacher, start, dataset, method, run: { ...options, seed } })
    : await Run.load(dir, { dataset });
  try {
    const save = autosave(run, dir, { onSave: async () => void (await keepMadeBy()) });
    const end = await run.train({
      images,
      dir,
      signal,
      onStep: async report => {
        trained = true;
        await onStep?.(report, run);
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
