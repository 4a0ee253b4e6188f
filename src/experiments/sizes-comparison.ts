import type { RunOptions } from '../training';
import { trainedGenerator } from './generators';
import type { LatentsTask } from './latents-task';
import { METHOD_PRESETS } from './method-presets';
import { compareSteps, type ComparisonPoint, generatorAt, teacherAt } from './steps-comparison';
import { sweep } from './sweep';
import type { Task, TaskResult } from './task';

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
  images?: number; // of training
} & TaskResult;

type Config = { identity: Task['identity']; series: 'CoSIM'; seed: number; images: number; n: number; run: object };
type TeacherConfig = { identity: Task['identity']; series: 'teacher'; nfe: number; blocks: number; n: number };

const { method, steps } = METHOD_PRESETS.cosim;

/**
 * CoSIM with each seed on each task, sampled in 1, 2 and 4 steps from the same noise and labels, and each task's teacher.
 * Results are cached by configuration in `folders.results`, generators kept in `folders.generators`: it can be stopped,
 * also in the middle of a training, and goes on. An aborted comparison returns the rows it has.
 */
export const compareSizes = async (
  tasks: readonly LatentsTask[],
  { seeds, images, evaluations, n, run: options }: SizesOptions,
  folders: { results: string; generators: string },
  {
    onImages,
    signal,
  }: { onImages?: (images: number, total: number, label: string) => void; signal?: AbortSignal } = {},
): Promise<SizePoint[]> => {
  const points: SizePoint[] = [];
  const total = tasks.length * seeds.length * images;
  let done = 0;
  for (const task of tasks) {
    const { identity, size, parameters } = task;
    const add = (seed: number | undefined, rows: readonly ComparisonPoint[], extra: { images?: number }): number =>
      points.push(...rows.map(row => ({ size, parameters, ...row, seed: seed ?? row.seed, ...extra })));
    await sweep({
      configs: seeds.map((seed): Config => ({ identity, series: 'CoSIM', seed, images, n, run: options })),
      folder: folders.results,
      evaluate: async ({ seed }) => {
        const label = `${size}, seed ${seed}`;
        const config = { method, run: options, images, seed };
        const report = (seen: number): void => onImages?.(done + seen, total, label);
        const made = await trainedGenerator(task, config, folders.generators, { signal, onImages: report });
        if (!made) return undefined;
        const rows = await compareSteps(task, generatorAt(made.run, task, steps), { n, blocks: 1 });
        made.run.dispose();
        return rows;
      },
      onEntry: ({ config, result }) => {
        add(config.seed, result, { images });
        onImages?.((done += images), total, `${size}, seed ${config.seed}`);
      },
    });
    await sweep({
      configs: evaluations.map((nfe): TeacherConfig => ({ identity, series: 'teacher', nfe, blocks: seeds.length, n })),
      folder: folders.results,
      evaluate: async ({ nfe, blocks }) =>
        signal?.aborted ? undefined : compareSteps(task, teacherAt(task, [nfe]), { n, blocks }),
      onEntry: ({ result }) => void add(undefined, result, {}),
    });
  }
  return points;
};
