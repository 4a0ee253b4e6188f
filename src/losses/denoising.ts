import * as tf from '@tensorflow/tfjs-core';
import { expectNumber, expectOneOf, fail, withDefaults } from '../compute/check';
import { type Tensors, withPrefix } from '../compute/tensors';
import { diffuse, logNormalLevel, perSample, veLevel, vpLevel } from '../diffusion';
import { type BatchSlice, drawData, drawDropout, drawNormal, drawUniform, type Method } from '../methods';
import type { Denoiser } from '../networks';
import { edmWeight } from './weights';

/** How the noise levels of a batch are drawn, and with which weight: EDM's, VP's or VE's (Karras et al. 2022, Table 1). */
export const LEVEL_DRAWS = ['log-normal', 'vp', 've'] as const;
export type LevelDraw = (typeof LEVEL_DRAWS)[number];

/** Options of the denoising loss. */
export type DenoisingOptions = {
  /** 'log-normal': EDM. */
  levels: LevelDraw;
  /** Mean of ln sigma, -1.2; EDM2 -0.4. */
  pMean: number;
  /** Standard deviation of ln sigma, 1.2; EDM2 1. */
  pStd: number;
  /** Standard deviation of the data, 0.5. */
  sigmaData: number;
  /** EDM2's loss, with the network's own prediction of its log variance. */
  uncertainty: boolean;
};

export const DENOISING_DEFAULTS: DenoisingOptions = {
  levels: 'log-normal',
  pMean: -1.2,
  pStd: 1.2,
  sigmaData: 0.5,
  uncertainty: false,
};

/** EDM's loss per element: w(sigma) (D(x_0 + sigma n, sigma) - x_0)^2; denoised, x0 [B, ...], sigma [B] to [B, ...]. */
export const denoisingLoss = (denoised: tf.Tensor, x0: tf.Tensor, sigma: tf.Tensor, sigmaData = 0.5): tf.Tensor =>
  tf.mul(perSample(edmWeight(sigma, sigmaData), x0), tf.squaredDifference(denoised, x0));

/** The loss of VP and VE per element: (D - x_0)^2 / sigma^2; denoised, x0 [B, ...], sigma [B] to [B, ...]. */
export const inverseVarianceLoss = (denoised: tf.Tensor, x0: tf.Tensor, sigma: tf.Tensor): tf.Tensor =>
  tf.div(tf.squaredDifference(denoised, x0), perSample(tf.square(sigma), x0));

/**
 * EDM2's loss per element (Karras et al. 2024, eq. 21): loss / exp(u) + u, u the predicted log variance of the loss at this
 * noise level; loss [B, ...], logvar [B] to [B, ...].
 */
export const uncertaintyLoss = (loss: tf.Tensor, logvar: tf.Tensor): tf.Tensor => {
  const u = perSample(logvar, loss);
  return tf.add(tf.div(loss, tf.exp(u)), u);
};

/** One draw a sample to a noise level: normal numbers for EDM, uniform ones for VP and VE. */
const drawLevels = (slice: BatchSlice, { levels, pMean, pStd }: DenoisingOptions): Float32Array => {
  if (levels === 'log-normal')
    return drawNormal('phi.level', slice, []).data.map(z => logNormalLevel(z, { pMean, pStd }));
  return drawUniform('phi.level', slice, 1).map(u => (levels === 'vp' ? vpLevel(u) : veLevel(u)));
};

/**
 * Pretraining of a teacher: phi minimises a denoising loss on the data.
 * @throws ArgumentError for unknown options, and for `uncertainty` with a network that predicts none.
 */
export const denoising = (network: Denoiser, options: Partial<DenoisingOptions> = {}): Method => {
  const config = withDefaults('denoising', options, DENOISING_DEFAULTS);
  const { levels, pStd, sigmaData, uncertainty } = config;
  expectOneOf('denoising', 'levels', levels, LEVEL_DRAWS);
  expectNumber('denoising', 'pStd', pStd, { above: 0 });
  expectNumber('denoising', 'sigmaData', sigmaData, { above: 0 });
  const logvar = uncertainty ? network.logvar : undefined;
  if (uncertainty && !logvar) fail('denoising', 'network', 'one that predicts its log variance', network.config.kind);
  return {
    config: { kind: 'denoising', ...config },
    sampler: 'heun',
    report: {},
    denoisers: { phi: network },
    updates: [
      {
        trains: 'phi',
        lossScale: 1,
        normalisedWeights: network.normalisedWeights,
        draw: async (dataset, slice) => ({
          ...(await drawData(dataset, slice, slice.step, network.classes)),
          ...drawDropout('phi', slice, network),
          noise: drawNormal('phi.noise', slice, network.sampleShape),
          sigma: { data: drawLevels(slice, config), shape: [slice.count] },
        }),
        loss: ({ phi = {} }, batch) => {
          const { x0, noise, sigma, labels } = batch;
          const dropoutNoise: Tensors = withPrefix('dropout/', batch);
          const denoised = network.denoise(phi, diffuse(x0, noise, sigma), sigma, { labels, dropoutNoise });
          const plain =
            levels === 'log-normal'
              ? denoisingLoss(denoised, x0, sigma, sigmaData)
              : inverseVarianceLoss(denoised, x0, sigma);
          const value = tf.sum(logvar ? uncertaintyLoss(plain, logvar(phi, sigma)) : plain);
          return { value, metrics: { loss: value } };
        },
      },
    ],
  };
};
