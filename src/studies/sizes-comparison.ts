import { METHOD_PRESETS } from '../methods';
import type { Made } from '../provenance';
import type { LatentsTask, TaskResult } from '../tasks';
import { paperPreset, type PaperPresetName, type RunOptions } from '../training';
import type { GeneratorConfig } from './generators';
import type { StudyWatch } from './watch';
import { compareTrained } from './trained-comparison';

/** Tables 2 and 4's shape: CoSIM on networks of several sizes beside their teachers. */
export type SizesOptions = {
  /** Of training; as many blocks of sampling seeds for the teachers. */
  seeds: readonly number[];
  /** Training images of each generator. */
  images: number;
  /** NFE of the teachers by EDM's Heun sampler. */
  evaluations: readonly number[];
  /** Samples a measurement. */
  n: number;
  run: Partial<RunOptions>;
  /** By task: Table 5's method, options of the run and images in place of these. */
  table5?: readonly PaperPresetName[];
};

/** One measurement; of a teacher `seed` is the block of sampling seeds, and `images` is absent. */
export type SizePoint = {
  /** The network's size. */
  size: string;
  /** Parameters of the network. */
  parameters: number;
  /** 'CoSIM' or 'teacher'. */
  series: string;
  /** NFE. */
  steps: number;
  /** Training seed, of teachers the block. */
  seed: number;
  /** Training images; absent for teachers. */
  images?: number;
} & TaskResult &
  Made;

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
 * CoSIM with each seed on each task, sampled in 1, 2 and 4 steps from the same noise and labels, and each task's teacher;
 * cached and resumed as `compareTrained` is.
 */
export const compareSizes = async (
  tasks: readonly LatentsTask[],
  { seeds, evaluations, n, ...training }: SizesOptions,
  folders: { results: string; generators: string },
  { onProgress, ...watch }: StudyWatch = {},
): Promise<SizePoint[]> => {
  const points: SizePoint[] = [];
  const imagesOf = (k: number): number => sizeConfig(k, training, 0).images * seeds.length;
  const total = tasks.reduce((sum, _, k) => sum + imagesOf(k), 0);
  let before = 0;
  for (const [k, task] of tasks.entries()) {
    const { size, parameters } = task;
    const { method: ownMethod, run, images } = sizeConfig(k, training, 0);
    const ours = steps.filter(K => K in task.times);
    const rows = await compareTrained(
      task,
      { method: ownMethod, run, images, seeds, steps: ours, evaluations, n },
      folders,
      {
        onProgress: (done, _total, label, found) => onProgress?.(before + done, total, `${size}, ${label}`, found),
        ...watch,
      },
    );
    const extra = (series: string) => (series === 'CoSIM' ? { images } : {});
    points.push(...rows.map(row => ({ size, parameters, ...row, ...extra(row.series) })));
    before += imagesOf(k);
  }
  return points;
};
