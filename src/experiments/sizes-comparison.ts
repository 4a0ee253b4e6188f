import type { RunOptions } from '../training';
import type { LatentsTask } from './latents-task';
import { compareMethods, type MethodPoint, type MethodsCallbacks, teacherPoints } from './methods-comparison';
import type { TaskResult } from './task';

/** Tables 2 and 4's shape: CoSIM on networks of several sizes beside their teachers. */
export type SizesOptions = {
  seeds: readonly number[]; // of training; as many blocks of sampling seeds for the teachers
  images: number; // trained on this many
  evaluations: readonly number[]; // NFE of the teachers by EDM's Heun sampler
  n: number; // samples a measurement
  run: Partial<RunOptions>;
};

/** One measurement; of a teacher `seed` is the block of sampling seeds, and `images` is absent. */
export type SizePoint = {
  size: string;
  parameters: number; // of the network
  series: string; // 'CoSIM' or 'teacher'
  steps: number; // NFE
  seed: number;
  images?: number;
} & TaskResult;

const rowOf = ({ size, parameters }: LatentsTask, point: MethodPoint): SizePoint => {
  const { method, nfe, seed, images, value, n, nReference, floor, accuracy } = point;
  const result = { value, n, nReference, floor, ...(accuracy === undefined ? {} : { accuracy }) };
  return { size, parameters, series: method, steps: nfe, seed, ...(images === undefined ? {} : { images }), ...result };
};

/**
 * CoSIM with each seed on each task, sampled in 1, 2 and 4 steps, and each task's teacher; cached by configuration in
 * `folder`, so that it can be stopped and goes on.
 */
export const compareSizes = async (
  tasks: readonly LatentsTask[],
  { images, ...options }: SizesOptions,
  folder: string,
  { onImages, signal }: MethodsCallbacks = {},
): Promise<SizePoint[]> => {
  const points: SizePoint[] = [];
  const each = options.seeds.length * images;
  for (const [k, task] of tasks.entries()) {
    const trained = await compareMethods(
      task,
      { ...options, methods: ['cosim'], evaluateAt: [images], slowEvaluateAt: [images] },
      folder,
      {
        signal,
        onImages: (done, _total, label) => onImages?.(k * each + done, tasks.length * each, `${task.size}, ${label}`),
      },
    );
    const teacher = await teacherPoints(task, options, folder, { signal });
    points.push(...[...trained, ...teacher].map(point => rowOf(task, point)));
  }
  return points;
};
