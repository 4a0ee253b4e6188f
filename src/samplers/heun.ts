import type { Samples } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { expectNumber, fail } from '../compute/check';
import { karrasTimes, type NoiseRange } from '../diffusion';
import type { Denoiser, Model } from '../networks';
import { inBatches, type SamplerInput } from './batches';
import type { Level, Step, Steps } from './steps';

/** Options of EDM's sampler (Karras et al. 2022, Algorithm 2); 2 steps - 1 network calls. */
export type HeunOptions = Partial<NoiseRange> & {
  /** Number of noise levels, default 18. */
  steps?: number;
  /** S_churn, default 0: deterministic. */
  churn?: number;
  /** S_min, default 0. */
  churnMin?: number;
  /** S_max, default Infinity. */
  churnMax?: number;
  /** S_noise, default 1. */
  churnNoise?: number;
  /** Weight g of the denoiser against its guide, default 1: no guide is asked. */
  guidance?: number;
  /** A weaker network; gets the labels if it takes any. */
  guide?: Model;
  /** Standard normal noise [n, ...shape]: step 0 the start, step i + 1 the churn of step i; default the seeds' own. */
  noise?: (seeds: readonly number[], step: number) => tf.Tensor;
};

/** The grid of noise levels, within the denoiser's range and at levels that it knows, then 0; float64. */
const gridOf = ({ range, roundSigma = sigma => sigma }: Denoiser, steps: number, given: NoiseRange): number[] => {
  const { sigmaMin = 0, sigmaMax = Infinity } = range ?? {};
  const inside = { sigmaMin: Math.max(given.sigmaMin, sigmaMin), sigmaMax: Math.min(given.sigmaMax, sigmaMax) };
  return karrasTimes(steps, { ...given, ...inside }).map(t => (t === 0 ? 0 : roundSigma(t)));
};

const checkGuide = ({ denoiser, guide, guidance = 1 }: SamplerInput & HeunOptions): void => {
  const where = 'sampleHeun';
  expectNumber(where, 'guidance', guidance);
  if (guidance !== 1 && !guide) fail(where, 'guide', 'given for a guidance other than 1', guide);
  if (!guide) return;
  const { sampleShape, classes } = guide.denoiser;
  if (sampleShape.join() !== denoiser.sampleShape.join())
    fail(where, 'guide', `a denoiser of samples [${denoiser.sampleShape.join(', ')}]`, sampleShape);
  if (classes !== 0 && classes !== denoiser.classes)
    fail(where, 'guide', `unconditional or a denoiser of ${denoiser.classes} classes`, classes);
};

/** Euler's step, and Heun's correction where the next level is not 0. */
const heunStep: Steps['next'] = (x, { kind, denoise, numbers: [tHat, tNext, step, half, extra], noise }) => {
  const xHat = noise ? tf.add(x, tf.mul(noise, extra)) : x;
  const slopeAt = (y: tf.Tensor, level: Level): tf.Tensor => tf.div(tf.sub(y, denoise(y, level)), level);
  const slope = slopeAt(xHat, tHat);
  const euler = tf.add(xHat, tf.mul(slope, step));
  return kind === 'Euler' ? euler : tf.add(xHat, tf.mul(tf.add(slope, slopeAt(euler, tNext)), half));
};

/**
 * EDM's Heun sampler with churn. Times are float64, the state float32. Noise is drawn only where churn adds some. With
 * guidance g, D = D_guide + g (D_main - D_guide) (Karras et al. 2024, "Guiding a Diffusion Model with a Bad Version of
 * Itself"): with an unconditional guide classifier-free guidance, with a weaker conditional one autoguidance.
 * @returns samples on the host, [n, ...sampleShape].
 * @throws ArgumentError for options out of range and a guide that does not fit the denoiser.
 * @example
 * const { data } = await sampleHeun({ ...teacher, seeds: [0, 1, 2, 3], labels: [0, 1, 2, 3], steps: 18 });
 */
export const sampleHeun = async (given: SamplerInput & HeunOptions): Promise<Samples> => {
  const { steps = 18, churn = 0, churnMin = 0, churnMax = Infinity, churnNoise = 1 } = given;
  const { denoiser, guidance = 1 } = given;
  expectNumber('sampleHeun', 'churn', churn, { min: 0 });
  expectNumber('sampleHeun', 'churnMin', churnMin, { min: 0 });
  if (churnMax !== Infinity) expectNumber('sampleHeun', 'churnMax', churnMax, { min: 0 });
  expectNumber('sampleHeun', 'churnNoise', churnNoise, { min: 0 });
  checkGuide(given);
  const { sigmaMin = 0.002, sigmaMax = 80, rho = 7 } = given;
  const times = gridOf(denoiser, steps, { sigmaMin, sigmaMax, rho });
  const round = denoiser.roundSigma ?? (sigma => sigma);
  const all = times.slice(0, steps).map((t, i): Step => {
    const tNext = times[i + 1];
    const gamma = t >= churnMin && t <= churnMax ? Math.min(churn / steps, Math.SQRT2 - 1) : 0;
    const tHat = gamma > 0 ? round(t + gamma * t) : t;
    const extra = Math.sqrt(tHat ** 2 - t ** 2) * churnNoise;
    return {
      kind: tNext === 0 ? 'Euler' : 'Heun',
      numbers: [tHat, tNext, tNext - tHat, 0.5 * (tNext - tHat), extra],
      ...(gamma > 0 && { noise: i + 1 }),
    };
  });
  const guided = given.guide && guidance !== 1 ? { model: given.guide, weight: guidance } : undefined;
  return inBatches(
    'sampleHeun',
    given,
    { start: times[0], calls: 2 * steps - 1, steps: all, next: heunStep },
    { guided, noise: given.noise },
  );
};
