import * as tf from '@tensorflow/tfjs-core';
import { expectNumber, expectOneOf, fail, withDefaults } from '../compute/check';
import { type Tensors, withPrefix } from '../compute/tensors';
import { diffuse, logNormalLevel, veLevel, vpLevel } from '../diffusion';
import { denoisingLoss, inverseVarianceLoss, uncertaintyLoss } from '../losses';
import type { Denoiser } from '../networks';
import { type ComputedSpec, dataInputs, dropoutInputs, levelInput, normalInput, uniformInput } from './inputs';
import type { Method } from './method';

/** How the noise levels of a batch are drawn, and with which weight: EDM's, VP's or VE's (Karras et al. 2022, Table 1). */
export const LEVEL_DRAWS = ['log-normal', 'vp', 've'] as const;
/** How the noise level of a training sample is drawn. */
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

/** The options of EDM's denoising loss where nothing else is said. */
export const DENOISING_DEFAULTS: DenoisingOptions = {
  levels: 'log-normal',
  pMean: -1.2,
  pStd: 1.2,
  sigmaData: 0.5,
  uncertainty: false,
};

/** One draw a sample to a noise level: normal numbers for EDM, uniform ones for VP and VE. */
const levelOfDraw = ({ levels, pMean, pStd }: DenoisingOptions): ComputedSpec => {
  if (levels === 'log-normal')
    return levelInput([normalInput('phi.level', [])], numbers => numbers.map(z => logNormalLevel(z, { pMean, pStd })));
  const level = levels === 'vp' ? vpLevel : veLevel;
  return levelInput([uniformInput('phi.level', [])], numbers => numbers.map(u => level(u)));
};

/**
 * Pretraining of a teacher: phi minimises a denoising loss on the data.
 * @throws ArgumentError for unknown options and numbers out of range, and for `uncertainty` with a network that predicts none.
 * @example
 * const method = denoising(teacher.denoiser, { pMean: -1.2, pStd: 1.2 });
 */
export const denoising = (network: Denoiser, options: Partial<DenoisingOptions> = {}): Method => {
  const config = withDefaults('denoising', options, DENOISING_DEFAULTS);
  const { levels, pMean, pStd, sigmaData, uncertainty } = config;
  expectOneOf('denoising', 'levels', levels, LEVEL_DRAWS);
  expectNumber('denoising', 'pMean', pMean);
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
        inputs: {
          ...dataInputs(network),
          ...dropoutInputs('phi', network),
          noise: normalInput('phi.noise', network.sampleShape),
          sigma: levelOfDraw(config),
        },
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
