import { expectNumber } from '../compute/check';

/*
 * Power-function moving averages (Karras et al. 2024, section 3.1): profile ~ t^gamma instead of an exponential, so that
 * the average forgets its start and its relative width stays. The width is given as a relative standard deviation.
 */

/** Widths that a profile can have: gamma = 0 is flat. */
const check = (where: string, std: number): number =>
  expectNumber(where, 'std', std, { above: 0, max: Math.sqrt(1 / 12) });

/**
 * Eq. (126): relative standard deviation of the profile, (0, 0.2887], to gamma, the largest real root of
 * x^3 + 7 x^2 + (16 - std^-2) x + 12 - std^-2.
 */
export const gammaOfStd = (std: number): number => {
  const inverse = check('gammaOfStd', std) ** -2;
  // Depressed cubic by x = y - 7/3; it has three real roots for every width below the flat profile's.
  const [p, q] = [16 - inverse - 49 / 3, 12 - inverse - (7 * (16 - inverse)) / 3 + (2 * 343) / 27];
  const radius = 2 * Math.sqrt(-p / 3);
  let x = radius * Math.cos(Math.acos(Math.min(Math.max((3 * q) / (p * radius), -1), 1)) / 3) - 7 / 3;
  const cubic = (y: number): number => ((y + 7) * y + 16 - inverse) * y + 12 - inverse;
  for (let i = 0; i < 3; i++) x -= cubic(x) / ((3 * x + 14) * x + 16 - inverse); // Newton, for the last digits
  return Math.max(x, 0);
};

/** Eq. (123), the inverse: sqrt((gamma + 1) / ((gamma + 2)^2 (gamma + 3))). */
export const stdOfGamma = (gamma: number): number => {
  expectNumber('stdOfGamma', 'gamma', gamma, { min: 0 });
  return Math.sqrt((gamma + 1) / ((gamma + 2) ** 2 * (gamma + 3)));
};

/**
 * Eq. (127): beta = (1 - batch / imagesSeen)^(gamma + 1). `imagesSeen` already counts this batch (unlike EDM's average),
 * so the first beta is 0 and the average starts as a copy.
 */
export const powerEmaBeta = (std: number, imagesSeen: number, batch: number): number => {
  expectNumber('powerEmaBeta', 'batch', batch, { above: 0 });
  expectNumber('powerEmaBeta', 'imagesSeen', imagesSeen, { min: batch });
  return (1 - batch / imagesSeen) ** (gammaOfStd(std) + 1);
};

/** The profile itself at images 0, 1, ..., length - 1 for an average taken at image `at`, normalised to sum 1. */
export const powerProfile = (at: number, std: number, length: number): number[] => {
  const gamma = gammaOfStd(std);
  const weights = Array.from({ length }, (_, t) => (t <= at ? (t / at) ** gamma : 0));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map(weight => weight / sum);
};
