import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, expectShape } from '../compute/check';
import { factorise, type Mixture, mixtureDenoise, mixtureTensors, perSample } from '../diffusion';
import type { Network } from './network';
import type { ParameterSpec, Tensors } from './parameters';
import { preconditioner } from './preconditioning';
import type { Conditioning } from './time-embedding';

/** What a denoiser is told besides the noisy sample and its noise level. */
export type DenoiserInput = Conditioning & {
  /** [B], the auxiliary's second time. */
  t?: tf.Tensor;
  /** Uniform noise by layer name: training mode. */
  dropoutNoise?: Tensors;
};

/** D(x, sigma): teacher, generator and auxiliary are all of this type, a pure function over named parameters. */
export type Denoiser = {
  /** Rebuilds it, JSON. */
  config: { kind: string } & Record<string, unknown>;
  sampleShape: readonly number[];
  classes: number;
  parameters: readonly ParameterSpec[];
  dropout: Network['dropout'];
  /** Noise levels that the network was made for: samplers stay inside. Absent: any. */
  range?: { sigmaMin: number; sigmaMax: number };
  /** The nearest noise level that the network knows. Absent: it knows every level. */
  roundSigma?: (sigma: number) => number;
  /** EDM2: sigma [B] to the predicted log variance of the loss at this level, [B]. */
  logvar?: (parameters: Tensors, sigma: tf.Tensor) => tf.Tensor;
  normalisedWeights?: Network['normalisedWeights'];
  /** x [B, ...sampleShape], sigma [B] to the denoised sample of the same shape as x. */
  denoise: (parameters: Tensors, x: tf.Tensor, sigma: tf.Tensor, input?: DenoiserInput) => tf.Tensor;
};

/** EDM's preconditioning coefficients at one noise level, eq. (22). */
export const edmCoefficients = (
  sigma: number,
  sigmaData = 0.5,
): { cSkip: number; cOut: number; cIn: number; cNoise: number } => {
  const total = sigma ** 2 + sigmaData ** 2;
  return {
    cSkip: sigmaData ** 2 / total,
    cOut: (sigma * sigmaData) / Math.sqrt(total),
    cIn: 1 / Math.sqrt(total),
    cNoise: Math.log(sigma) / 4,
  };
};

/**
 * A network with its preconditioning, D(x, sigma) = c_skip x + c_out F(c_in x; c_noise), coefficients from sigma [B] on
 * the device. Of a network with more channels than the image the first ones are used (iDDPM's predict the variance).
 * @throws ArgumentError for an unknown kind or option of the preconditioning.
 */
export const preconditioned = (network: Network, preconditioning: Record<string, unknown>): Denoiser => {
  const { config, act } = preconditioner(preconditioning);
  const secondTime = network.config.secondTime === true;
  const { sampleShape, classes, parameters, dropout } = network;
  const plain = config.kind === 'edm' && config.sigmaMin === undefined && config.sigmaMax === undefined;
  const { logvar } = network;
  return {
    config: { ...network.config, ...(plain ? { sigmaData: config.sigmaData } : { preconditioning: config }) },
    sampleShape,
    classes,
    parameters,
    dropout,
    range: act.range,
    roundSigma: act.round,
    logvar: logvar && ((p, sigma) => logvar(p, act.cNoise(sigma))),
    normalisedWeights: network.normalisedWeights,
    denoise: (p, x, sigma, { t, dropoutNoise, ...conditioning } = {}) => {
      expectShape('denoise', 'x', x, [-1, ...sampleShape]);
      expectShape('denoise', 'sigma', sigma, [x.shape[0]]);
      if (secondTime !== (t !== undefined))
        throw new ArgumentError(`denoise: ${secondTime ? 'the auxiliary needs t' : 'only the auxiliary takes t'}`);
      const { cSkip, cOut, cIn } = act.at(perSample(sigma, x));
      const output = network.apply(p, {
        x: cIn === 1 ? x : tf.mul(x, cIn),
        cNoise: act.cNoise(sigma),
        cNoiseT: t && act.cNoise(t),
        conditioning,
        dropoutNoise,
      });
      const more = output.shape[x.rank - 1] > x.shape[x.rank - 1];
      const F = more
        ? tf.slice(
            output,
            x.shape.map(() => 0),
            x.shape,
          )
        : output;
      return tf.add(cSkip === 1 ? x : tf.mul(cSkip, x), tf.mul(cOut, F));
    },
  };
};

/** Eq. (22): a network with EDM's preconditioning, that of all the paper's experiments. */
export const edmDenoiser = (network: Network, { sigmaData = 0.5 }: { sigmaData?: number } = {}): Denoiser =>
  preconditioned(network, { kind: 'edm', sigmaData });

/** The exact denoiser of a Gaussian mixture with its tensors in the role of parameters; the caller owns them. */
export const mixtureDenoiser = (mixture: Mixture): { denoiser: Denoiser; parameters: Tensors } => {
  const factors = factorise(mixture);
  const parameters = mixtureTensors(factors);
  return {
    denoiser: {
      config: { kind: 'mixture', mixture },
      sampleShape: [factors.d],
      classes: 0,
      parameters: Object.entries(parameters).map(([name, { shape }]) => ({
        name,
        shape,
        init: { kind: 'constant', value: 0 },
      })),
      dropout: [],
      denoise: (p, x, sigma) => {
        expectShape('denoise', 'x', x, [-1, factors.d]);
        return mixtureDenoise(p, x, sigma);
      },
    },
    parameters,
  };
};
