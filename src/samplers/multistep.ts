import * as tf from '@tensorflow/tfjs-core';
import { expectNumber, fail } from '../compute/check';
import { denoiseAt, inBatches, type Samples, type SamplerInput, seededNormal } from './batches';

/** The times of Algorithm 1 without the final 0, checked: positive and decreasing. */
const checkTimes = (times: readonly number[]): void => {
  if (times.length === 0) fail('sampleMultistep', 'times', 'at least one noise level', times);
  times.forEach((t, i) => {
    expectNumber('sampleMultistep', `times[${i}]`, t, { above: 0 });
    if (i > 0 && t >= times[i - 1]) fail('sampleMultistep', 'times', 'decreasing', [...times]);
  });
};

/**
 * Algorithm 1 for times T = t_0 > ... > t_{K-1} > 0: x ~ N(0, T^2); x <- G(x, t_{n-1}) + t_n eps; the last is G itself.
 * One network call a time (NFE = K). The first noise of a seed is the same for any times, so 2 and 4 steps can be
 * compared from the same start.
 * @returns samples on the host, [n, ...sampleShape].
 */
export const sampleMultistep = async (given: SamplerInput & { times: readonly number[] }): Promise<Samples> => {
  const { times, denoiser } = given;
  checkTimes(times);
  const noise = (seeds: readonly number[], step: number): tf.Tensor =>
    tf.mul(seededNormal(seeds, step, denoiser.sampleShape), times[step]);
  return inBatches('sampleMultistep', given, times.length, input => ({
    count: times.length,
    start: seeds => noise(seeds, 0),
    next: (x, i, seeds, labels) => {
      const xHat = denoiseAt(input, x, times[i], labels);
      return i === times.length - 1 ? xHat : tf.add(xHat, noise(seeds, i + 1));
    },
  }));
};
