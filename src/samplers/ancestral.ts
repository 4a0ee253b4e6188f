import type { Samples } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { decreasingTimes, posterior } from '../diffusion';
import { denoiseAt, inBatches, type SamplerInput, seededNormal } from './batches';

/**
 * Ancestral sampling at times T = t_0 > ... > t_{K-1} > 0, the sampler of Moment Matching: x ~ N(0, T^2);
 * x <- a draw from q(x_{t_n} | x_0 = G(x, t_{n-1}), x_{t_{n-1}} = x); the last is G itself. NFE = K. Noise comes from the
 * same seeds as in `sampleMultistep`.
 * @returns samples on the host, [n, ...sampleShape].
 * @throws ArgumentError for times that are not positive and decreasing
 * @example
 * const { data } = await sampleAncestral({ ...generator, seeds: [0, 1, 2, 3], times: [80, 2.24] });
 */
export const sampleAncestral = async (given: SamplerInput & { times: readonly number[] }): Promise<Samples> => {
  const { times, denoiser } = given;
  decreasingTimes('sampleAncestral', 'times', times);
  const noise = (seeds: readonly number[], step: number): tf.Tensor => seededNormal(seeds, step, denoiser.sampleShape);
  return inBatches('sampleAncestral', given, times.length, input => ({
    count: times.length,
    start: seeds => tf.mul(noise(seeds, 0), times[0]),
    next: (x, i, seeds, labels) => {
      const xHat = denoiseAt(input, x, times[i], labels);
      if (i === times.length - 1) return xHat;
      const level = (n: number): tf.Tensor => tf.fill([seeds.length], times[n]);
      return posterior(xHat, x, noise(seeds, i + 1), { s: level(i + 1), t: level(i) });
    },
  }));
};
