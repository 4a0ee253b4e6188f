import { unknownName } from '../compute/check';
import { type Denoiser, denoiserFromConfig, publishedDenoiser, type PublishedName } from '../networks';
import type { DistillMethod } from '../methods';
import type { RunOptions } from './options';

const M = 1e6;

/** A column of Table 5. */
type Column = {
  teacher: PublishedName;
  perGpu: number; // samples
  rounds: number; // accumulation
  rate: number; // learning rate of generator and auxiliary
  halflife: number; // of the average, images
  beta2: number; // Adam; beta1 is 0
  eps: number; // Adam
  R: number; // of pi(s, t)
  images: number; // in all
  dropout: number; // augmentation is 0
};

const GPUS = 8;

const CIFAR10 = {
  perGpu: 64,
  rounds: 4,
  rate: 1e-5,
  halflife: 0.5 * M,
  beta2: 0.999,
  eps: 1e-8,
  R: 4,
  images: 200 * M,
  dropout: 0,
};

/** [C] `cifar10-cond` is no run of the paper: CIFAR-10's column with the conditional teacher. */
// prettier-ignore
const TABLE_5 = {
  'cifar10-uncond': { ...CIFAR10, teacher: 'edm-cifar10-32x32-uncond-vp' },
  'cifar10-cond':   { ...CIFAR10, teacher: 'edm-cifar10-32x32-cond-vp' },
  'imagenet64':     { teacher: 'edm-imagenet-64x64-cond-adm', perGpu: 16, rounds: 16, rate: 4e-6, halflife: 2 * M, beta2: 0.99, eps: 1e-12, R: 8, images: 200 * M, dropout: 0.1 },
  'img512-s':       { teacher: 'edm2-img512-s',               perGpu: 32, rounds: 8,  rate: 2e-5, halflife: 2 * M, beta2: 0.99, eps: 1e-12, R: 8, images: 200 * M, dropout: 0   },
  'img512-m':       { teacher: 'edm2-img512-m',               perGpu: 32, rounds: 8,  rate: 2e-5, halflife: 2 * M, beta2: 0.99, eps: 1e-12, R: 4, images: 200 * M, dropout: 0.1 },
  'img512-l':       { teacher: 'edm2-img512-l',               perGpu: 32, rounds: 8,  rate: 1e-4, halflife: 2 * M, beta2: 0.99, eps: 1e-12, R: 4, images: 20 * M,  dropout: 0.1 },
} as const satisfies Record<string, Column>;

/** A row of Table 5 by its name. */
export type PaperPresetName = keyof typeof TABLE_5;
/** The rows of Table 5. */
export const PAPER_PRESET_NAMES = Object.keys(TABLE_5) as PaperPresetName[];

/** What Table 5 gives for one of the paper's runs, as the options of a run. */
export type PaperPreset = {
  teacher: PublishedName;
  /** The teacher's network with the run's dropout. */
  generator: Denoiser;
  /** The whole batch of 2048, in as many rounds as one GPU of the paper's eight would need. */
  run: Partial<RunOptions>;
  method: DistillMethod;
  /** Images to train on. */
  images: number;
};

/**
 * Table 5: `paperPreset('cifar10-uncond')`. A single device takes the eight GPUs' parts one after the other.
 * @throws ArgumentError for an unknown name.
 */
export const paperPreset = (name: PaperPresetName): PaperPreset => {
  if (!Object.hasOwn(TABLE_5, name)) throw unknownName('paperPreset', 'preset', name, PAPER_PRESET_NAMES);
  const { teacher, perGpu, rounds, rate, halflife, beta2, eps, R, images, dropout }: Column = TABLE_5[name];
  return {
    teacher,
    generator: denoiserFromConfig({ ...publishedDenoiser(teacher).config, dropout }),
    run: {
      batch: GPUS * perGpu * rounds,
      accumulationRounds: GPUS * rounds,
      learningRate: rate,
      emaHalflife: halflife,
      beta1: 0,
      beta2,
      eps,
    },
    method: { kind: 'cosim', alpha: 1.2, coef: 1, R },
    images,
  };
};
