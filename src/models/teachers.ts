import { join } from 'node:path';
import { type Dataset, digits, points } from '../datasets';
import type { DenoisingOptions } from '../methods';
import { ddpmpp, type Denoiser, edm2, edmDenoiser, mlp } from '../networks';
import type { RunOptions } from '../training';
import { latentDigits } from './autoencoder';
import { TEACHER_FOLDER } from './teacher-folder';

/** How a shipped teacher was made; `npm run teacher -- NAME` makes it again. */
export type TeacherPreset = {
  /** Under data/teachers, without the ending. */
  file: string;
  denoiser: () => Denoiser;
  /** The training split of its data. */
  dataset: () => Dataset;
  /** Training images. */
  images: number;
  /** Options of its loss, default EDM's. */
  denoising?: Partial<DenoisingOptions>;
  run: Partial<RunOptions>;
};

const EDM_ADAM = { beta1: 0.9, beta2: 0.999, emaRampup: 0.05 };

/** EDM2's loss, and a network for latents of drawn digits; the sizes S, M, L keep the channels' ratio 3 : 4 : 5 of EDM2's. */
const latentsTeacher = (size: 's' | 'm' | 'l', modelChannels: number) => ({
  file: `latents-${size}`,
  denoiser: () =>
    edmDenoiser(
      edm2({
        resolution: 8,
        channels: 4,
        classes: 10,
        modelChannels,
        channelMult: [1, 2],
        blocks: 1,
        attention: [4],
        channelsPerHead: 8,
        logvarChannels: 32,
      }),
    ),
  dataset: () => latentDigits({ seed: 0, split: 'train' }),
  images: 153_600,
  denoising: { uncertainty: true, pMean: -0.4, pStd: 1 },
  run: { ...EDM_ADAM, beta2: 0.99, batch: 64, learningRate: 4e-2, warmup: 6_400, emaHalflife: 9_600 },
});

/** The teachers that need no download. `checkerboard` is no teacher (its mixture is exact) but a generator's start. */
export const TEACHERS = {
  digits: {
    file: 'digits16',
    denoiser: () =>
      edmDenoiser(
        ddpmpp({
          resolution: 16,
          channels: 1,
          classes: 10,
          modelChannels: 16,
          channelMult: [1, 2, 2],
          blocks: 1,
          attention: [8],
          dropout: 0,
        }),
      ),
    dataset: () => digits({ seed: 0, split: 'train' }),
    images: 76_800,
    run: { ...EDM_ADAM, batch: 64, learningRate: 1e-3, warmup: 6_400, emaHalflife: 8_000 },
  },
  checkerboard: {
    file: 'checkerboard',
    denoiser: () => edmDenoiser(mlp({ dimensions: 2, width: 128, blocks: 3 })),
    dataset: () => points('checkerboard', { seed: 0, split: 'train' }),
    images: 1_024_000,
    run: { ...EDM_ADAM, batch: 512, learningRate: 1e-3, warmup: 51_200, emaHalflife: 64_000 },
  },
  'latents-s': latentsTeacher('s', 12),
  'latents-m': latentsTeacher('m', 16),
  'latents-l': latentsTeacher('l', 20),
} as const satisfies Record<string, TeacherPreset>;

/** A teacher that is shipped with the package. */
export type TeacherName = keyof typeof TEACHERS;
/** The teachers that are shipped with the package. */
export const TEACHER_NAMES = Object.keys(TEACHERS) as TeacherName[];

/** Where a shipped model's weights lie; its card lies beside them. */
export const teacherFile = (name: TeacherName): string => join(TEACHER_FOLDER, `${TEACHERS[name].file}.safetensors`);
