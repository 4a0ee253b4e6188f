import * as tf from '@tensorflow/tfjs-core';
import { expectNumber, withDefaults } from '../compute/check';
import { type Tensors, withPrefix } from '../compute/tensors';
import { diffuse, perSample } from '../diffusion';
import type { Denoiser } from '../networks';
import { drawData, drawDropout, drawNormal, type Method } from './method';

/** Options of EDM's denoising loss (Karras et al. 2022, Table 1). */
export type DenoisingOptions = {
  pMean: number; // mean of ln sigma, -1.2
  pStd: number; // standard deviation of ln sigma, 1.2
  sigmaData: number; // standard deviation of the data, 0.5
};

export const DENOISING_DEFAULTS: DenoisingOptions = { pMean: -1.2, pStd: 1.2, sigmaData: 0.5 };

/** EDM's weight w(sigma) = (sigma^2 + sd^2) / (sigma sd)^2, [B] to [B]. */
export const edmWeight = (sigma: tf.Tensor, sigmaData = 0.5): tf.Tensor =>
  tf.div(tf.add(tf.square(sigma), sigmaData ** 2), tf.square(tf.mul(sigma, sigmaData)));

/** EDM's loss per element: w(sigma) (D(x_0 + sigma n, sigma) - x_0)^2; denoised, x0 [B, ...], sigma [B] to [B, ...]. */
export const denoisingLoss = (denoised: tf.Tensor, x0: tf.Tensor, sigma: tf.Tensor, sigmaData = 0.5): tf.Tensor =>
  tf.mul(perSample(edmWeight(sigma, sigmaData), x0), tf.squaredDifference(denoised, x0));

/** Pretraining of a teacher: phi minimises EDM's loss on the data. */
export const denoising = (network: Denoiser, options: Partial<DenoisingOptions> = {}): Method => {
  const config = withDefaults('denoising', options, DENOISING_DEFAULTS);
  const { pMean, pStd, sigmaData } = config;
  expectNumber('denoising', 'pStd', pStd, { above: 0 });
  expectNumber('denoising', 'sigmaData', sigmaData, { above: 0 });
  return {
    config: { kind: 'denoising', ...config },
    sampler: 'heun',
    report: {},
    denoisers: { phi: network },
    updates: [
      {
        trains: 'phi',
        lossScale: 1,
        draw: (dataset, slice) => {
          const { data } = drawNormal('phi.level', slice, []);
          return {
            ...drawData(dataset, slice, slice.step, network.classes),
            ...drawDropout('phi', slice, network),
            noise: drawNormal('phi.noise', slice, network.sampleShape),
            sigma: { data: data.map(z => Math.exp(pMean + pStd * z)), shape: [slice.count] },
          };
        },
        loss: ({ phi = {} }, batch) => {
          const { x0, noise, sigma, labels } = batch;
          const dropoutNoise: Tensors = withPrefix('dropout/', batch);
          const denoised = network.denoise(phi, diffuse(x0, noise, sigma), sigma, { labels, dropoutNoise });
          const value = tf.sum(denoisingLoss(denoised, x0, sigma, sigmaData));
          return { value, metrics: { loss: value } };
        },
      },
    ],
  };
};
