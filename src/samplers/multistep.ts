import type { Samples } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { decreasingTimes } from '../diffusion';
import { inBatches, type SamplerInput } from './batches';
import type { Steps } from './steps';

/**
 * Algorithm 1 for times T = t_0 > ... > t_{K-1} > 0: x ~ N(0, T^2); x <- G(x, t_{n-1}) + t_n eps; the last is G itself,
 * which is the same with t_K = 0.
 */
export const multistepSteps = (times: readonly number[]): Steps => ({
  start: times[0],
  calls: times.length,
  steps: times.map((t, i) =>
    i === times.length - 1 ? { numbers: [t, 0] } : { numbers: [t, times[i + 1]], noise: i + 1 },
  ),
  next: (x, { denoise, numbers: [t, next], noise }) => {
    const xHat = denoise(x, t);
    return noise ? tf.add(xHat, tf.mul(noise, next)) : xHat;
  },
});

/**
 * Algorithm 1 from seeds (`multistepSteps`). One network call a time (NFE = K). The first noise of a seed is the same for
 * any times, so 2 and 4 steps can be compared from the same start.
 * @returns samples on the host, [n, ...sampleShape].
 * @example
 * const { data } = await sampleMultistep({ ...generator, seeds: [0, 1, 2, 3], times: [80, 2.24] });
 */
export const sampleMultistep = async (given: SamplerInput & { times: readonly number[] }): Promise<Samples> => {
  decreasingTimes('sampleMultistep', 'times', given.times);
  return inBatches('sampleMultistep', given, multistepSteps(given.times));
};
