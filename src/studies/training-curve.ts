import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newestFolder, writeFileAtomic } from '../checkpoints';
import { beginMaking, distinctMadeBy, freshWanted, isStale, type MadeBy } from '../provenance';
import type { Task, TaskResult } from '../tasks';
import type { DistillMethod } from '../methods';
import { distill, Run, type RunOptions } from '../training';
import { autosave } from './autosave';

/** A distillation that is measured as it trains: everything its results depend on besides the task. */
export type CurveConfig = {
  method: DistillMethod;
  run: Partial<RunOptions>;
  /** Of training; data, times and noise all change with it. */
  seed: number;
  /** Training images at which it is measured, rising. */
  evaluateAt: readonly number[];
  /** Sampling steps K (NFE) of the measurements. */
  steps: readonly number[];
  /** Samples a measurement. */
  n: number;
};

/** The metric of one run after so many training images, with K sampling steps. */
export type CurvePoint = {
  /** Training seed. */
  seed: number;
  /** Images seen in training. */
  images: number;
  /** Network evaluations a sample. */
  nfe: number;
  /** Updates of phi. */
  iterations: number;
  /** Of training so far, without measuring. */
  seconds: number;
  /** Processor time of the same, over all threads. */
  cpuSeconds: number;
} & TaskResult;

/** The times that a task's generators are sampled at: a method's own, or else the task's. */
const timesFor = (task: Task, own: Task['times'] | undefined, steps: number): readonly number[] =>
  own?.[steps] ?? task.times[steps];

/** What a curve has so far, beside the checkpoint of its run. */
type Progress = {
  points: CurvePoint[];
  seconds: number;
  cpuSeconds: number;
  /** Of every call that trained some of it. */
  madeBy?: readonly MadeBy[];
};

const FILE = 'curve.json';

/** What is there of a curve that today's code did not begin goes. */
const removeStale = async (dir: string): Promise<void> => {
  const known = await readFile(join(dir, FILE), 'utf8').catch(() => '{}'); // absent: nothing is known of it
  const { madeBy = [] } = JSON.parse(known) as Partial<Progress>;
  if (isStale(madeBy)) await rm(dir, { recursive: true, force: true });
};

const openRun = async (
  { teacher, start, dataset }: Task,
  { method, run, seed }: CurveConfig,
  dir: string | undefined,
): Promise<{ run: Run; progress: Progress }> => {
  const progress = { points: [], seconds: 0, cpuSeconds: 0 };
  const begun = dir !== undefined && (await newestFolder(dir)) !== undefined;
  if (!begun) return { run: distill({ teacher, start, dataset, method, run: { ...run, seed } }), progress };
  const known = await readFile(join(dir, FILE), 'utf8').catch(() => undefined); // absent: stopped before its first saving
  return {
    run: await Run.load(dir, { dataset }),
    progress: known === undefined ? progress : (JSON.parse(known) as Progress),
  };
};

/**
 * Trains one generator and measures it on the way, always on the same seeds and labels. With a folder, what there is so
 * far is kept in it, every ten minutes too, until the curve is complete: stopped, the same call goes on.
 * @throws the signal's reason when it was stopped
 */
export const trainingCurve = async (
  task: Task,
  config: CurveConfig,
  {
    dir,
    onImages,
    signal,
    addMadeBy,
    fresh = freshWanted(),
  }: {
    dir?: string;
    onImages?: (images: number) => void;
    signal?: AbortSignal;
    /** Told at the end what made the parts that were there before. */
    addMadeBy?: (made: readonly MadeBy[]) => void;
    /** Begins anew where other code, or unknown code, began. */
    fresh?: boolean;
  } = {},
): Promise<CurvePoint[]> => {
  const { evaluateAt, steps, n } = config;
  if (dir !== undefined && fresh) await removeStale(dir);
  const { run, progress } = await openRun(task, config, dir);
  const before = progress.madeBy ?? [];
  const done = beginMaking(__filename);
  const { points } = progress;
  const keep = async (): Promise<void> => {
    progress.madeBy = distinctMadeBy([...before, done()]);
    if (dir) await writeFileAtomic(join(dir, FILE), `${JSON.stringify(progress)}\n`);
  };

  /** Trains on, and takes the time of it. */
  const trainTo = async (images: number): Promise<void> => {
    let [began, used] = [performance.now(), process.cpuUsage()];
    const addTime = (): void => {
      const { user, system } = process.cpuUsage(used);
      progress.seconds += (performance.now() - began) / 1000;
      progress.cpuSeconds += (user + system) / 1e6;
      [began, used] = [performance.now(), process.cpuUsage()];
    };
    const onSave = (): Promise<void> => {
      addTime();
      return keep();
    };
    const save = autosave(run, dir, { onSave });
    await run.train({
      images,
      dir,
      signal,
      onStep: async report => {
        onImages?.(report.images);
        await save();
      },
    });
    addTime();
    await keep();
  };

  try {
    for (const images of evaluateAt) {
      const end = Math.ceil(images / run.options.batch) * run.options.batch;
      if (run.images > end) continue; // was measured before it was stopped
      await trainTo(images);
      if (run.images < images) signal?.throwIfAborted();
      for (const K of steps) {
        if (points.some(point => point.images === run.images && point.nfe === K)) continue;
        const times = timesFor(task, run.method.times, K);
        const result = await task.measure(request => run.sample({ ...request, times }), { n, block: 0, signal });
        const { seconds, cpuSeconds } = progress;
        points.push({
          seed: config.seed,
          images: run.images,
          nfe: K,
          iterations: run.step,
          seconds,
          cpuSeconds,
          ...result,
        });
        await keep();
      }
    }
    if (dir) await rm(dir, { recursive: true, force: true });
    addMadeBy?.(before);
    return points;
  } finally {
    run.dispose();
  }
};
