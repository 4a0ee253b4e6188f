import { shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import type { Model } from './model';

/**
 * D(x, sigma) of host samples [n * size] at one noise level, on the host: for looking at what a network does.
 * @example
 * const x = Float32Array.from({ length: 16 * 16 }, () => 2 * Math.random() - 1);
 * const mean = await denoise(teacher, x, 80); // of the posterior at noise level 80
 */
export const denoise = async (
  { denoiser, parameters }: Model,
  x: Float32Array,
  sigma: number,
): Promise<Float32Array> => {
  const size = shapeSize(denoiser.sampleShape);
  const n = x.length / size;
  const denoised = tf.tidy(() =>
    denoiser.denoise(parameters, tf.tensor(x, [n, ...denoiser.sampleShape]), tf.fill([n], sigma)),
  );
  const data = (await denoised.data()) as Float32Array;
  denoised.dispose();
  return data;
};
