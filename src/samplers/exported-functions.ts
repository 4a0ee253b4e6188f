/* What an exported file computes: the generator, or Algorithm 1 as a whole. Letters: B batch, K steps. */
import type { Shape } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../compute/check';
import type { TensorFunction } from '../compute/graph';
import { decreasingTimes, SAMPLING_TIMES, type SamplingTimes } from '../diffusion';
import type { Denoiser } from '../networks';
import { seededNormal } from './batches';
import { guidedDenoise } from './guidance';
import { multistepSteps } from './multistep';

/** A function of named inputs with the parameters among them, and what its file says about it. */
export type ExportedFunction = {
  f: TensorFunction;
  inputs: (batch: number) => Record<string, Shape>;
  /** Inputs as they come in use. */
  example: (batch: number) => Record<string, tf.Tensor>;
  metadata: Record<string, string>;
};

const LABELS = 'one-hot rows [batch, classes]; a row of zeros: no class';

const labelsOf = ({ classes }: Denoiser, B: number): Record<string, Shape> =>
  classes > 0 ? { labels: [B, classes] } : {};

const exampleLabels = ({ classes }: Denoiser, B: number): Record<string, tf.Tensor> => {
  const rows = Float32Array.from({ length: B * classes }, (_, i) =>
    Number(i % classes === Math.floor(i / classes) % classes),
  );
  return classes > 0 ? { labels: tf.tensor2d(rows, [B, classes]) } : {};
};

const refuseAuxiliary = (where: string, { config }: Denoiser): void => {
  if (config.secondTime === true)
    throw new ArgumentError(`${where}: model must be a generator or a teacher, got an auxiliary (two times)`);
};

/**
 * One network call: x [B, ...sampleShape], sigma [B], labels [B, classes] to xHat [B, ...sampleShape].
 * @param times the generator's own, which its file tells with the standard ones for other numbers of steps
 */
export const generatorFunction = (where: string, denoiser: Denoiser, times: SamplingTimes = {}): ExportedFunction => {
  refuseAuxiliary(where, denoiser);
  const { sampleShape, classes } = denoiser;
  return {
    f: ({ x, sigma, labels, ...parameters }) => ({ xHat: denoiser.denoise(parameters, x, sigma, { labels }) }),
    inputs: B => ({ x: [B, ...sampleShape], sigma: [B], ...labelsOf(denoiser, B) }),
    example: B => {
      const seeds = [...Array(B).keys()];
      const levels = SAMPLING_TIMES[4];
      const sigma = tf.tensor1d(seeds.map(i => levels[i % levels.length]));
      const scale = tf.reshape(sigma, [B, ...sampleShape.map(() => 1)]);
      return { x: tf.mul(seededNormal(seeds, 0, sampleShape), scale), sigma, ...exampleLabels(denoiser, B) };
    },
    metadata: {
      kind: 'generator',
      inputs: JSON.stringify({
        x: 'a noisy sample [batch, ...sampleShape]: clean data + sigma * standard normal noise',
        sigma: 'noise level of each sample [batch], above 0',
        ...(classes > 0 ? { labels: LABELS } : {}),
      }),
      output: 'xHat: the denoised sample [batch, ...sampleShape]',
      samplingTimes: JSON.stringify({ ...SAMPLING_TIMES, ...times }),
    },
  };
};

/** Algorithm 1: noise [K, B, ...sampleShape], labels [B, classes] to samples [B, ...sampleShape]. */
export const samplerFunction = (where: string, denoiser: Denoiser, times: readonly number[]): ExportedFunction => {
  refuseAuxiliary(where, denoiser);
  decreasingTimes(where, 'times', times);
  const { sampleShape, classes } = denoiser;
  const K = times.length;
  return {
    f: ({ noise, labels, ...parameters }) => {
      const B = noise.shape[1]!;
      const { start, steps, next } = multistepSteps(times);
      const noiseOf = (k: number): tf.Tensor => tf.reshape(tf.slice(noise, [k], [1]), [B, ...sampleShape]);
      const denoise = guidedDenoise({ denoiser, parameters }, undefined, labels);
      let x: tf.Tensor = tf.mul(noiseOf(0), start);
      for (const { numbers, noise: k } of steps)
        x = next(x, { denoise, numbers, ...(k !== undefined && { noise: noiseOf(k) }) });
      return { samples: x };
    },
    inputs: B => ({ noise: [K, B, ...sampleShape], ...labelsOf(denoiser, B) }),
    example: B => {
      const seeds = [...Array(B).keys()];
      const noise = tf.stack(times.map((_, k) => seededNormal(seeds, k, sampleShape)));
      return { noise, ...exampleLabels(denoiser, B) };
    },
    metadata: {
      kind: 'sampler',
      inputs: JSON.stringify({
        noise: 'standard normal noise of every step [times, batch, ...sampleShape]; the file scales it',
        ...(classes > 0 ? { labels: LABELS } : {}),
      }),
      output: 'samples [batch, ...sampleShape]',
      times: JSON.stringify(times),
    },
  };
};
