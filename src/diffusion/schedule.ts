import { expectInteger, expectNumber, fail, withDefaults } from '../compute/check';

/** The range of noise levels and its warp, EDM's for every data set ([C]: the paper keeps the base model's). */
export type NoiseRange = {
  /** Smallest noise level, 0.002. */
  sigmaMin: number;
  /** Largest noise level T, 80. */
  sigmaMax: number;
  /** Warp of the grid, 7. */
  rho: number;
};

/** EDM's noise levels: 0.002 to 80, rho 7. */
export const EDM_RANGE: NoiseRange = { sigmaMin: 0.002, sigmaMax: 80, rho: 7 };

/**
 * A range of noise levels with EDM's for what is not given.
 * @throws ArgumentError for unknown keys and unless 0 < sigmaMin < sigmaMax and 0 < rho.
 */
export const noiseRange = (where: string, given: Partial<NoiseRange>): NoiseRange => {
  const range = withDefaults(where, given, EDM_RANGE);
  expectNumber(where, 'sigmaMin', range.sigmaMin, { above: 0 });
  expectNumber(where, 'sigmaMax', range.sigmaMax, { above: range.sigmaMin });
  expectNumber(where, 'rho', range.rho, { above: 0 });
  return range;
};

/** A.1: sig(r) = (smin^(1/rho) + r (smax^(1/rho) - smin^(1/rho)))^rho, from sigmaMin at r = 0 to sigmaMax at r = 1. */
export const sigmaAt = (r: number, { sigmaMin, sigmaMax, rho }: NoiseRange = EDM_RANGE): number => {
  const [low, high] = [sigmaMin ** (1 / rho), sigmaMax ** (1 / rho)];
  return (low + r * (high - low)) ** rho;
};

/** The inverse of `sigmaAt`: r of a noise level, held within [0, 1]. */
export const levelOf = (sigma: number, { sigmaMin, sigmaMax, rho }: NoiseRange = EDM_RANGE): number => {
  const [low, high] = [sigmaMin ** (1 / rho), sigmaMax ** (1 / rho)];
  return Math.min(Math.max((sigma ** (1 / rho) - low) / (high - low), 0), 1);
};

/**
 * EDM's sampling grid (Karras et al. 2022, eq. 5): `steps` noise levels from sigmaMax down to sigmaMin, then 0.
 * @returns [steps + 1] levels in float64.
 */
export const karrasTimes = (steps: number, range: Partial<NoiseRange> = {}): number[] => {
  expectInteger('karrasTimes', 'steps', steps, { min: 1 });
  const { sigmaMin, sigmaMax, rho } = noiseRange('karrasTimes', range);
  const [high, low] = [sigmaMax ** (1 / rho), sigmaMin ** (1 / rho)];
  const levels = Array.from({ length: steps }, (_, i) => (high + (i / Math.max(steps - 1, 1)) * (low - high)) ** rho);
  return [...levels, 0];
};

/** Equal steps in r from sigmaMax down to, and without, 0: sig(1 - k/K) for k = 0, ..., K - 1. */
export const jumpTimes = (steps: number, range: NoiseRange = EDM_RANGE): number[] =>
  Array.from({ length: steps }, (_, k) => sigmaAt(1 - k / steps, range));

/**
 * The times of Algorithm 1 without the final 0, as given.
 * @throws ArgumentError naming `where` and `name` unless there are some, above `above` and decreasing.
 */
export const decreasingTimes = (
  where: string,
  name: string,
  times: readonly number[],
  { above = 0 }: { above?: number } = {},
): readonly number[] => {
  if (times.length === 0) fail(where, name, 'at least one noise level', times);
  times.forEach((t, i) => {
    expectNumber(where, `${name}[${i}]`, t, { above });
    if (i > 0 && t >= times[i - 1]) fail(where, name, 'decreasing', [...times]);
  });
  return times;
};

/** Noise levels T = t_0 > ... > t_{K-1} > 0 of Algorithm 1, by the number of steps K. */
export type SamplingTimes = Readonly<Record<number, readonly number[]>>;

/** [C] The paper does not print its sampling times: these are the published stand-in (NCVSD's grid), last level first gone to 0. */
export const SAMPLING_TIMES: SamplingTimes = {
  1: [80],
  2: [16.78, 1.382],
  4: [80, 16.78, 2.24, 0.131],
};

/**
 * The times of so many steps among those that are known.
 * @throws ArgumentError naming `where` and the numbers of steps that there are
 */
export const timesOfSteps = (where: string, known: SamplingTimes, steps: number): readonly number[] =>
  Object.hasOwn(known, steps)
    ? known[steps]
    : fail(
        where,
        'steps',
        `a number of steps with known times (${Object.keys(known).join(', ')}), or \`times\` given`,
        steps,
      );
