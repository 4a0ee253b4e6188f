import * as tf from '@tensorflow/tfjs-core';
import { expectNumber } from '../compute/check';
import { karrasTimes, type NoiseRange } from '../diffusion';
import { denoiseAt, inBatches, type Samples, type SamplerInput, seededNormal } from './batches';

/** Options of EDM's sampler (Karras et al. 2022, Algorithm 2); 2 steps - 1 network calls. */
export type HeunOptions = Partial<NoiseRange> & {
  steps?: number; // number of noise levels, default 18
  churn?: number; // S_churn, default 0: deterministic
  churnMin?: number; // S_min, default 0
  churnMax?: number; // S_max, default Infinity
  churnNoise?: number; // S_noise, default 1
  /** Standard normal noise [n, ...shape]: step 0 the start, step i + 1 the churn of step i; default the seeds' own. */
  noise?: (seeds: readonly number[], step: number) => tf.Tensor;
};

/**
 * EDM's Heun sampler with churn. Times are float64, the state float32. Noise is drawn only where churn adds some.
 * @returns samples on the host, [n, ...sampleShape].
 */
export const sampleHeun = async (given: SamplerInput & HeunOptions): Promise<Samples> => {
  const { steps = 18, churn = 0, churnMin = 0, churnMax = Infinity, churnNoise = 1, denoiser } = given;
  expectNumber('sampleHeun', 'churn', churn, { min: 0 });
  const { sigmaMin = 0.002, sigmaMax = 80, rho = 7 } = given;
  const times = karrasTimes(steps, { sigmaMin, sigmaMax, rho });
  const noise = given.noise ?? ((seeds, step) => seededNormal(seeds, step, denoiser.sampleShape));
  return inBatches('sampleHeun', given, 2 * steps - 1, input => ({
    count: steps,
    start: seeds => tf.mul(noise(seeds, 0), times[0]),
    next: (x, i, seeds, labels) => {
      const [t, tNext] = [times[i], times[i + 1]];
      const gamma = t >= churnMin && t <= churnMax ? Math.min(churn / steps, Math.SQRT2 - 1) : 0;
      const tHat = t + gamma * t;
      const extra = Math.sqrt(tHat ** 2 - t ** 2) * churnNoise;
      const xHat = gamma > 0 ? tf.add(x, tf.mul(noise(seeds, i + 1), extra)) : x;
      const slopeAt = (y: tf.Tensor, level: number): tf.Tensor =>
        tf.div(tf.sub(y, denoiseAt(input, y, level, labels)), level);
      const slope = slopeAt(xHat, tHat);
      const euler = tf.add(xHat, tf.mul(slope, tNext - tHat));
      if (tNext === 0) return euler;
      return tf.add(xHat, tf.mul(tf.add(slope, slopeAt(euler, tNext)), 0.5 * (tNext - tHat)));
    },
  }));
};
