import { join } from 'node:path';

/**
 * The generators in few steps that need no download, `loadModel(NAME)`, each of a long study, by what
 * `npm run study -- STUDY --ship ARM` takes.
 */
export const GENERATORS = {
  'digits-cosim': { study: 'digits', arm: 'coef1-seed2' },
  'cifar10-cosim': { study: 'cifar10', arm: 'coef1-seed0' },
} as const satisfies Record<string, { study: string; arm: string }>;

/** A generator that is shipped with the package. */
export type GeneratorName = keyof typeof GENERATORS;
/** The generators that are shipped with the package. */
export const GENERATOR_NAMES = Object.keys(GENERATORS) as GeneratorName[];

/** Where a shipped generator's weights lie; its card lies beside them. */
export const generatorFile = (name: GeneratorName): string =>
  join(__dirname, '..', '..', 'data', 'generators', `${name}.safetensors`);
