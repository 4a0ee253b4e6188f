import type { Samples } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { decreasingTimes, posterior } from '../diffusion';
import { inBatches, type SamplerInput } from './batches';
import type { Level, Steps } from './steps';

const ancestralSteps = (times: readonly number[]): Steps => ({
  start: times[0],
  calls: times.length,
  steps: times.map((t, i) =>
    i === times.length - 1 ? { kind: 'last', numbers: [t] } : { numbers: [t, times[i + 1]], noise: i + 1 },
  ),
  next: (x, { denoise, numbers: [t, s], noise }) => {
    const xHat = denoise(x, t);
    if (!noise) return xHat;
    const level = (value: Level): tf.Tensor => tf.mul(tf.ones([x.shape[0]]), value);
    return posterior(xHat, x, noise, { s: level(s), t: level(t) });
  },
});

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
  const { times } = given;
  decreasingTimes('sampleAncestral', 'times', times);
  return inBatches('sampleAncestral', given, ancestralSteps(times));
};
