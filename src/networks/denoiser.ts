import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, expectNumber, expectShape } from '../compute/check';
import { factorise, type Mixture, mixtureDenoise, mixtureTensors } from '../diffusion/gaussian-mixture';
import { perSample } from '../diffusion/process';
import type { Network } from './network';
import type { ParameterSpec, Tensors } from './parameters';
import type { Conditioning } from './time-embedding';

/** What a denoiser is told besides the noisy sample and its noise level. */
export type DenoiserInput = Conditioning & {
  t?: tf.Tensor; // [B], the auxiliary's second time
  dropoutNoise?: Tensors; // uniform noise by layer name: training mode
};

/** D(x, sigma): teacher, generator and auxiliary are all of this type, a pure function over named parameters. */
export type Denoiser = {
  config: { kind: string } & Record<string, unknown>; // rebuilds it, JSON
  sampleShape: readonly number[];
  classes: number;
  parameters: readonly ParameterSpec[];
  dropout: Network['dropout'];
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

/** Eq. (22): D(x, sigma) = c_skip x + c_out F(c_in x; c_noise), coefficients from sigma [B] on the device. */
export const edmDenoiser = (network: Network, { sigmaData = 0.5 }: { sigmaData?: number } = {}): Denoiser => {
  expectNumber('edmDenoiser', 'sigmaData', sigmaData, { above: 0 });
  const secondTime = network.config.secondTime === true;
  return {
    config: { ...network.config, sigmaData },
    sampleShape: network.sampleShape,
    classes: network.classes,
    parameters: network.parameters,
    dropout: network.dropout,
    denoise: (parameters, x, sigma, { t, dropoutNoise, ...conditioning } = {}) => {
      expectShape('denoise', 'x', x, [-1, ...network.sampleShape]);
      expectShape('denoise', 'sigma', sigma, [x.shape[0]]);
      if (secondTime !== (t !== undefined))
        throw new ArgumentError(`denoise: ${secondTime ? 'the auxiliary needs t' : 'only the auxiliary takes t'}`);
      const cNoise = (s: tf.Tensor): tf.Tensor => tf.mul(tf.log(s), 0.25);
      const level = perSample(sigma, x);
      const total = tf.add(tf.square(level), sigmaData ** 2);
      const cIn = tf.rsqrt(total);
      const F = network.apply(parameters, {
        x: tf.mul(x, cIn),
        cNoise: cNoise(sigma),
        cNoiseT: t && cNoise(t),
        conditioning,
        dropoutNoise,
      });
      const cSkip = tf.div(sigmaData ** 2, total);
      const cOut = tf.mul(tf.mul(level, sigmaData), cIn);
      return tf.add(tf.mul(cSkip, x), tf.mul(cOut, F));
    },
  };
};

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
