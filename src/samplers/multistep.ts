import type { Samples } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { decreasingTimes } from '../diffusion';
import { denoiseAt, inBatches, type SamplerInput, seededNormal, type Steps } from './batches';

/**
 * Algorithm 1 for times T = t_0 > ... > t_{K-1} > 0: x ~ N(0, T^2); x <- G(x, t_{n-1}) + t_n eps; the last is G itself.
 * @param noise standard normal noise of step k = 0, ..., K - 1, [n, ...sampleShape]
 */
export const multistepSteps = (
  model: Pick<SamplerInput, 'denoiser' | 'parameters'>,
  times: readonly number[],
  noise: (seeds: readonly number[], step: number) => tf.Tensor,
): Steps => ({
  count: times.length,
  start: seeds => tf.mul(noise(seeds, 0), times[0]),
  next: (x, i, seeds, labels) => {
    const xHat = denoiseAt(model, x, times[i], labels);
    return i === times.length - 1 ? xHat : tf.add(xHat, tf.mul(noise(seeds, i + 1), times[i + 1]));
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
  const { times, denoiser } = given;
  decreasingTimes('sampleMultistep', 'times', times);
  const noise = (seeds: readonly number[], step: number): tf.Tensor => seededNormal(seeds, step, denoiser.sampleShape);
  return inBatches('sampleMultistep', given, times.length, input => multistepSteps(input, times, noise));
};
