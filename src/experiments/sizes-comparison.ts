import type { Distilling, IterationReport, RunOptions } from '../training';
import { type GeneratorConfig, trainedGenerator } from './generators';
import type { LatentsTask } from './latents-task';
import { METHOD_PRESETS } from './method-presets';
import { paperPreset, type PaperPresetName } from './paper-presets';
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
  table5?: readonly PaperPresetName[]; // by task: Table 5's method, options of the run and images in place of these
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

type Config = {
  identity: Task['identity'];
  series: 'CoSIM';
  seed: number;
  images: number;
  n: number;
  run: Partial<RunOptions>;
  method?: Distilling; // where it is not the comparison's
};
type TeacherConfig = { identity: Task['identity']; series: 'teacher'; nfe: number; blocks: number; n: number };

const { method, steps } = METHOD_PRESETS.cosim;

/** How the generator of task number `k` is trained. */
export const sizeConfig = (
  k: number,
  { images, run, table5 = [] }: Pick<SizesOptions, 'images' | 'run' | 'table5'>,
  seed: number,
): GeneratorConfig => {
  if (table5.length === 0) return { method, run, images, seed };
  const preset = paperPreset(table5[k]);
  return { method: preset.method, run: preset.run, images: preset.images, seed };
};

/**
 * CoSIM with each seed on each task, sampled in 1, 2 and 4 steps from the same noise and labels, and each task's teacher.
 * Results are cached by configuration in `folders.results`, generators kept in `folders.generators`: it can be stopped,
 * also in the middle of a training, and goes on. An aborted comparison returns the rows it has.
 */
export const compareSizes = async (
  tasks: readonly LatentsTask[],
  { seeds, evaluations, n, ...training }: SizesOptions,
  folders: { results: string; generators: string },
  {
    onImages,
    signal,
  }: { onImages?: (images: number, total: number, label: string) => void; signal?: AbortSignal } = {},
): Promise<SizePoint[]> => {
  const points: SizePoint[] = [];
  const imagesOf = (k: number): number => sizeConfig(k, training, 0).images;
  const total = tasks.reduce((sum, _, k) => sum + seeds.length * imagesOf(k), 0);
  let done = 0;
  for (const [k, task] of tasks.entries()) {
    const { identity, size, parameters } = task;
    const images = imagesOf(k);
    const add = (seed: number | undefined, rows: readonly ComparisonPoint[], extra: { images?: number }): number =>
      points.push(...rows.map(row => ({ size, parameters, ...row, seed: seed ?? row.seed, ...extra })));
    await sweep({
      configs: seeds.map((seed): Config => {
        const { run, method: own } = sizeConfig(k, training, seed);
        return { identity, series: 'CoSIM', seed, images, n, run, ...(own === method ? {} : { method: own }) };
      }),
      folder: folders.results,
      evaluate: async ({ seed }) => {
        const label = `${size}, seed ${seed}`;
        const config = sizeConfig(k, training, seed);
        const report = (at: IterationReport): void => onImages?.(done + at.images, total, label);
        const made = await trainedGenerator(task, config, folders.generators, { signal, onStep: report });
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
