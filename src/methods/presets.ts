import type { DistillMethod } from './registry';

/** A row of the comparison: a method as it is trained, and the numbers of steps it is sampled in. */
export type MethodPreset = {
  name: string;
  /** Where it is defined. */
  source: string;
  method: DistillMethod;
  /** NFE, as far as a task has times. */
  steps: readonly number[];
};

/** The methods of the comparison, a row each. Notebook 05 names the rows that it compares in `notebook/presets.ts`. */
// prettier-ignore
export const METHOD_PRESETS = {
  cosim:        { name: 'CoSIM',               source: 'eq. 15, Algorithm 2',      method: { kind: 'cosim', alpha: 1.2, coef: 1, R: 4 },       steps: [1, 2, 4, 6] },
  pseudoHuber:  { name: 'CoSIM, pseudo-Huber', source: 'Theorem B.1',              method: { kind: 'cosim', alpha: 1.2, coef: 1, R: 4, divergence: 'pseudo-huber', delta: 1 }, steps: [1, 2, 4, 6] },
  sid:          { name: 'SiD',                 source: 'Zhou et al. 2024',         method: { kind: 'sid', alpha: 1.2 },                        steps: [1] },
  sidOne:       { name: 'SiD, alpha 1',        source: 'Zhou et al. 2024',         method: { kind: 'sid', alpha: 1 },                          steps: [1] },
  hsivi:        { name: 'HSIVI-SM',            source: 'Yu et al. 2023, eq. 3-5',  method: { kind: 'hsivi', psiSteps: 20, alpha: 0.5 },        steps: [4] },
  moments2:     { name: 'Moment Matching, K = 2', source: 'Salimans et al. 2024',  method: { kind: 'moment-matching', steps: 2 },              steps: [2] },
  moments4:     { name: 'Moment Matching',     source: 'Salimans et al. 2024',     method: { kind: 'moment-matching', steps: 4 },              steps: [4] },
} as const satisfies Record<string, MethodPreset>;

/** A row of the comparison by its key. */
export type MethodPresetName = keyof typeof METHOD_PRESETS;
/** The rows of the comparison by their keys. */
export const METHOD_PRESET_NAMES = Object.keys(METHOD_PRESETS) as MethodPresetName[];
