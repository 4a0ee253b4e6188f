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
export const sampleHeun = async (input: SamplerInput & HeunOptions): Promise<Samples> => {
  const { steps = 18, churn = 0, churnMin = 0, churnMax = Infinity, churnNoise = 1, onStep, signal } = input;
  expectNumber('sampleHeun', 'churn', churn, { min: 0 });
  const { sigmaMin = 0.002, sigmaMax = 80, rho = 7 } = input;
  const times = karrasTimes(steps, { sigmaMin, sigmaMax, rho });
  const draw =
    input.noise ?? ((seeds: readonly number[], step: number) => seededNormal(seeds, step, input.denoiser.sampleShape));
  return inBatches('sampleHeun', input, async (seeds, labels, done) => {
    const denoise = (x: tf.Tensor, t: number): tf.Tensor => denoiseAt(input, x, t, labels);
    let x = tf.tidy(() => tf.mul(draw(seeds, 0), times[0]));
    for (let i = 0; i < steps; i++) {
      signal?.throwIfAborted();
      const [t, tNext] = [times[i], times[i + 1]];
      const gamma = t >= churnMin && t <= churnMax ? Math.min(churn / steps, Math.SQRT2 - 1) : 0;
      const tHat = t + gamma * t;
      const next = tf.tidy(() => {
        const extra = Math.sqrt(tHat ** 2 - t ** 2) * churnNoise;
        const xHat = gamma > 0 ? tf.add(x, tf.mul(draw(seeds, i + 1), extra)) : x;
        const slope = tf.div(tf.sub(xHat, denoise(xHat, tHat)), tHat);
        const euler = tf.add(xHat, tf.mul(slope, tNext - tHat));
        if (tNext === 0) return euler;
        const slopeNext = tf.div(tf.sub(euler, denoise(euler, tNext)), tNext);
        return tf.add(xHat, tf.mul(tf.add(slope, slopeNext), 0.5 * (tNext - tHat)));
      });
      x.dispose();
      x = next;
      await onStep?.({ step: i + 1, steps, done, total: input.seeds.length, x });
    }
    return x;
  });
};
