import type { Distilling, RunOptions } from '../training';
import { distil } from '../training';
import type { Task, TaskResult } from './task';

/** A distillation that is measured as it trains: everything its results depend on besides the task. */
export type CurveConfig = {
  method: Distilling;
  run: Partial<RunOptions>;
  seed: number; // of training; data, times and noise all change with it
  evaluateAt: readonly number[]; // training images at which it is measured, rising
  steps: readonly number[]; // sampling steps K (NFE) of the measurements
  n: number; // samples a measurement
};

/** The metric of one run after so many training images, with K sampling steps. */
export type CurvePoint = {
  seed: number;
  images: number;
  nfe: number;
  iterations: number; // updates of phi
  seconds: number; // of training so far, without measuring
  cpuSeconds: number; // processor time of the same, over all threads
} & TaskResult;

/** The times that a task's generators are sampled at: a method's own, or else the task's. */
const timesFor = (task: Task, own: Task['times'] | undefined, steps: number): readonly number[] =>
  own?.[steps] ?? task.times[steps];

/**
 * Trains one generator and measures it on the way, always on the same seeds and labels.
 * @returns nothing when it was aborted
 */
export const trainingCurve = async (
  task: Task,
  { method, run: options, seed, evaluateAt, steps, n }: CurveConfig,
  { onImages, signal }: { onImages?: (images: number) => void; signal?: AbortSignal } = {},
): Promise<CurvePoint[] | undefined> => {
  const { teacher, start, dataset } = task;
  const run = distil({ teacher, start, dataset, method, run: { ...options, seed } });
  try {
    const points: CurvePoint[] = [];
    let seconds = 0;
    let cpuSeconds = 0;
    for (const images of evaluateAt) {
      const [began, used] = [performance.now(), process.cpuUsage()];
      await run.train({ images, signal, onStep: report => onImages?.(report.images) });
      if (signal?.aborted) return undefined;
      const { user, system } = process.cpuUsage(used);
      seconds += (performance.now() - began) / 1000;
      cpuSeconds += (user + system) / 1e6;
      for (const K of steps) {
        const times = timesFor(task, run.method.times, K);
        const result = await task.measure(request => run.sample({ ...request, times }), { n, block: 0 });
        const at = { seed, images: run.images, nfe: K, iterations: run.step, seconds, cpuSeconds };
        points.push({ ...at, ...result });
      }
    }
    return points;
  } finally {
    run.dispose();
  }
};
