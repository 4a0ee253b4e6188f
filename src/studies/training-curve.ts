import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newestFolder, readKept, setAside, writeKept } from '../checkpoints';
import { timesOfSteps } from '../diffusion';
import { beginMaking, distinctMadeBy, freshWanted, isStale, type Made, type MadeBy } from '../provenance';
import type { Task, TaskResult } from '../tasks';
import type { DistillMethod } from '../methods';
import { distill, type Run, type RunOptions } from '../training';
import { autosave } from './autosave';
import type { Evaluation } from './evaluation';
import { loadKeptRun } from './kept-run';
import { unfinishedFolder } from './sweep';
import { methodOnTask, timesOnTask } from './task-times';

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
} & TaskResult &
  Made;

/** What a curve has so far, beside the checkpoint of its run. */
type Progress = {
  points: CurvePoint[];
  seconds: number;
  cpuSeconds: number;
  /** Of every call that trained some of it. */
  madeBy?: readonly MadeBy[];
};

const FILE = 'curve.json';

/** What the points of a curve depend on, as it is kept with them. */
const dependsOf = ({ identity }: Task, config: CurveConfig): object => ({ identity, ...config });

/** Whether a checkpoint has passed an evaluation that is not among the points: it cannot be made up for. */
const lacksPoints = ({ images, options }: Run, { points }: Progress, { evaluateAt, steps }: CurveConfig): boolean =>
  evaluateAt
    .map(at => Math.ceil(at / options.batch) * options.batch)
    .filter(end => end < images)
    .some(end => steps.some(K => !points.some(point => point.images === end && point.nfe === K)));

/** What is there of a curve: a run and the points on its way, which belong together; neither, or both. */
const openKept = async (
  task: Task,
  config: CurveConfig,
  dir: string,
  fresh: boolean,
): Promise<{ run: Run; progress: Progress } | undefined> => {
  if ((await newestFolder(dir)) === undefined) return undefined;
  const progress = await readKept<Progress>(join(dir, FILE), dependsOf(task, config));
  if (progress === undefined) {
    await setAside(dir, `a training without its measurements (${FILE})`);
    return undefined;
  }
  if (fresh && isStale(progress.madeBy ?? [])) {
    await rm(dir, { recursive: true, force: true });
    return undefined;
  }
  const run = await loadKeptRun(dir, task.dataset);
  if (run === undefined) return undefined;
  if (!lacksPoints(run, progress, config)) return { run, progress };
  run.dispose();
  await setAside(dir, 'a training that has passed measurements which are not there');
  return undefined;
};

const openRun = async (
  task: Task,
  config: CurveConfig,
  dir: string | undefined,
  fresh: boolean,
): Promise<{ run: Run; progress: Progress }> => {
  const kept = dir === undefined ? undefined : await openKept(task, config, dir, fresh);
  if (kept !== undefined) return kept;
  const { teacher, start, dataset } = task;
  const { method, run, seed } = config;
  return {
    run: distill({ teacher, start, dataset, method, run: { ...run, seed } }),
    progress: { points: [], seconds: 0, cpuSeconds: 0 },
  };
};

/**
 * Trains one generator and measures it on the way, always on the same seeds and labels. With a folder, what there is so
 * far is kept in it, every ten minutes too, until the curve is complete: stopped, the same call goes on. What cannot be
 * believed of it is set aside with a warning: a damaged checkpoint for the one before it, points for the whole training.
 * @throws ArgumentError, before it trains, for a number of steps without times; the signal's reason when it was stopped
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
  const known = timesOnTask(task, methodOnTask(task, config.method));
  const measured = steps.map(K => ({ K, times: timesOfSteps('trainingCurve', known, K) }));
  const { run, progress } = await openRun(task, config, dir, fresh);
  const before = progress.madeBy ?? [];
  const done = beginMaking(__filename);
  const { points } = progress;
  const keep = async (): Promise<void> => {
    progress.madeBy = distinctMadeBy([...before, done()]);
    if (dir) await writeKept(join(dir, FILE), dependsOf(task, config), progress);
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
      onReport: async report => {
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
      for (const { K, times } of measured) {
        if (points.some(point => point.images === run.images && point.nfe === K)) continue;
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

/** The curves of a study as an evaluation; `code` is the study's `__filename`. */
export const curveEvaluation = <C extends CurveConfig>(name: string, code: string): Evaluation<C, CurvePoint[]> => ({
  name,
  code,
  evaluate: (task, config, { folder, signal, addMadeBy, onDone }) =>
    trainingCurve(task, config, { dir: unfinishedFolder(folder, config), signal, addMadeBy, onImages: onDone }),
});
