import { join } from 'node:path';
import type { DistillMethod } from '../methods';
import type { RunOptions } from '../training';
import type { TeacherName } from './teachers';

/** How a shipped generator was made; `npm run generator -- NAME` makes it again. */
export type GeneratorPreset = {
  /** What it was distilled from, and what it starts from. */
  teacher: TeacherName;
  method: DistillMethod;
  /** Training images that are aimed at; the card says how many were seen. */
  images: number;
  run: Partial<RunOptions>;
};

/** The generators in few steps that need no download: `loadModel(NAME)`. */
export const GENERATORS = {
  'digits-cosim': {
    teacher: 'digits',
    method: { kind: 'cosim', alpha: 1.2, coef: 1, R: 4 },
    images: 640_000,
    run: { batch: 64, learningRate: 1e-4, beta2: 0.999, emaHalflife: 10_000, emaRampup: 0.05 },
  },
} as const satisfies Record<string, GeneratorPreset>;

/** Generators of a long study, by what `npm run study -- STUDY --ship ARM` takes. */
export const STUDY_GENERATORS = {
  'cifar10-cosim': { study: 'cifar10', arm: 'coef1-seed0' },
} as const satisfies Record<string, { study: string; arm: string }>;

/** A generator that is shipped with the package. */
export type GeneratorName = keyof typeof GENERATORS | keyof typeof STUDY_GENERATORS;
/** The generators that are shipped with the package. */
export const GENERATOR_NAMES = [...Object.keys(GENERATORS), ...Object.keys(STUDY_GENERATORS)] as GeneratorName[];

/** Where a shipped generator's weights lie; its card lies beside them. */
export const generatorFile = (name: GeneratorName): string =>
  join(__dirname, '..', '..', 'data', 'generators', `${name}.safetensors`);
