import type { Mixture } from '../../../src/diffusion';

/** One Gaussian on the line: what the statements give on it is known in closed form. */
export const gaussian = (deviation: number, mean = 0): Mixture => ({
  weights: [1],
  means: [[mean]],
  covariances: [[[deviation ** 2]]],
});
