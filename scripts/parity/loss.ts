import * as tf from '@tensorflow/tfjs-core';
import { valueAndGradients } from '../../src/compute/tensors';
import { diffuse, logNormalLevel, veLevel, vpLevel } from '../../src/diffusion';
import { denoisingLoss, inverseVarianceLoss, uncertaintyLoss } from '../../src/losses';
import type { Fixture } from './fixture';
import { gradientNorms, recordedGradients } from './gradients';
import { array, type Measure, scalar, TYPICAL } from './measure';
import { conditionsOf, type Floors, imagesOf, inReferenceLayout, networkOf, parametersOf, weightsOf } from './network';

type LossKwargs = Record<string, number | undefined>;

/** The level of a recorded draw, by the reference's class and arguments. */
const levelOf = (lossClass: string, kwargs: LossKwargs): ((draw: number) => number) => {
  const { P_mean: pMean, P_std: pStd, beta_d: betaD, beta_min: betaMin, epsilon_t: epsilonT } = kwargs;
  const { sigma_min: sigmaMin, sigma_max: sigmaMax } = kwargs;
  switch (lossClass) {
    case 'EDMLoss':
      return z => logNormalLevel(z, { pMean, pStd });
    case 'EDM2Loss':
      return z => logNormalLevel(z, { pMean: pMean ?? -0.4, pStd: pStd ?? 1 });
    case 'VPLoss':
      return u => vpLevel(u, { betaD, betaMin, epsilonT });
    case 'VELoss':
      return u => veLevel(u, { sigmaMin, sigmaMax });
    default:
      throw new Error(`unknown loss_class '${lossClass}'`);
  }
};

/** loss/: noise levels, the loss per element, and the gradient of sum / batch, from recorded draws. */
export const loss = async (fixture: Fixture): Promise<Measure[]> => {
  const { json, tensor, host, has, names } = fixture;
  if (json.kind !== 'training loss') throw new Error(`unknown kind '${String(json.kind)}'`);
  const source = await weightsOf(fixture);
  const denoiser = networkOf(json);
  const lossClass = String(json.loss_class);
  const kwargs = json.loss_kwargs as LossKwargs;
  const stored = parametersOf(denoiser, source);
  const parameters =
    (json.training_mode as boolean | undefined) && denoiser.normalisedWeights
      ? denoiser.normalisedWeights(stored)
      : stored;
  const level = levelOf(lossClass, kwargs);
  const levels = Array.from(host('rand/level').data as Float32Array, level);
  const [x0, noise, sigma] = [tensor('in/images'), tensor('rand/noise'), tf.tensor1d(levels)];
  const conditions = conditionsOf(fixture, denoiser);
  const [B] = x0.shape;
  const { metrics, gradients } = valueAndGradients(p => {
    const denoised = denoiser.denoise(p, diffuse(x0, noise, sigma), sigma, conditions);
    const byVariance = lossClass === 'VPLoss' || lossClass === 'VELoss';
    const plain = byVariance
      ? inverseVarianceLoss(denoised, x0, sigma)
      : denoisingLoss(denoised, x0, sigma, kwargs.sigma_data);
    const elements = lossClass === 'EDM2Loss' ? uncertaintyLoss(plain, denoiser.logvar!(p, sigma)) : plain;
    return { value: tf.div(tf.sum(elements), B), metrics: { elements, denoised } };
  }, parameters);
  const recorded = (name: string): Float32Array => host(name).data as Float32Array;
  const elements = await imagesOf(metrics.elements);
  const total = elements.reduce((sum, v) => sum + v, 0) / B;
  // What depends on the network is known no better than its output: VP's angles of 1000 radians cost three digits.
  const output = source.json.noise_floor as Partial<Floors> | undefined;
  const forward = Math.max(TYPICAL.forward, output?.D_x?.rel_l2 ?? 0);
  const gradient = Math.max(TYPICAL.gradient, output?.F_x?.rel_l2 ?? 0);
  const measures = [
    array('sigma', levels, recorded('mid/sigma'), 1e-7),
    array('loss', elements, recorded('out/loss'), forward),
    scalar('sum / batch', total, Number(json.sum_over_batch), forward),
    ...(await gradientNorms(gradients, json.grad_norms_of_sum_over_batch as Record<string, number>, gradient)),
  ];
  const D = ['mid/D_yn', 'mid/denoised'].find(has);
  if (D) measures.push(array('denoised', await imagesOf(metrics.denoised), recorded(D), forward));
  if (names.some(name => name.startsWith('grad/')))
    measures.push(...(await recordedGradients(gradients, fixture, 'grad/', { all: gradient, each: gradient })));
  for (const name of names.filter(key => key.startsWith('state_after/')))
    measures.push(
      array(name, await inReferenceLayout(parameters[name.slice('state_after/'.length)]), recorded(name), 2.5e-7),
    );
  return measures;
};
