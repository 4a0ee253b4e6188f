import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, expectOneOf, withDefaults } from '../compute/check';
import { stopGradient, type Tensors, withPrefix } from '../compute/tensors';
import {
  diffuse,
  EDM_RANGE,
  JUMP_SETS,
  type JumpSet,
  type NoiseRange,
  noiseRange,
  perSample,
  TIME_PAIR_UNIFORMS,
  timePairs,
} from '../diffusion';
import { auxiliaryOf, type Denoiser } from '../networks';
import { edmWeight } from './denoising';
import {
  type BatchSlice,
  drawData,
  drawDropout,
  drawNormal,
  drawUniform,
  type HostBatch,
  type Method,
  type Update,
} from './method';

/** Options of CoSIM. [C] marks what the paper leaves open. */
export type CosimOptions = {
  alpha: number; // weight of ||u||^2 in the generator's stage, 1.2 throughout the paper
  coef: number; // alpha (1 + lambda), the regularisation strength of Table 6: 0.5 (SiD), 0.75, 1
  R: number; // jump sizes 1, ..., 1/R of pi(s, t), Table 5: 4 or 8
  jumps: JumpSet; // [C] reading of that set
  phiMaxRs: number; // [C] s of L_phi from r_s <= this: 1 as in Algorithm 2, 0.8 as SiD
  psiLevels: 'pi' | 'log-normal'; // [C] s of L_psi from pi(s, t), or ln s ~ N(-1.2, 1.2^2) as SiD
  sigmaData: number; // standard deviation of the data
  range: NoiseRange;
};

export const COSIM_DEFAULTS: CosimOptions = {
  alpha: 1.2,
  coef: 1,
  R: 4,
  jumps: 'harmonic',
  phiMaxRs: 1,
  psiLevels: 'pi',
  sigmaData: 0.5,
  range: EDM_RANGE,
};

/**
 * The four numbers that Table 6 needs side by side: lambda = coef / alpha - 1 and beta = 1 / (2 coef), so that the
 * auxiliary's optimum is f* = beta Q + (1 - beta) S, eq. (16), (17). Theorem 3.1 asks lambda >= 0; the paper's own
 * coefficients with alpha = 1.2 give negative lambda.
 */
export const regularisation = (
  alpha: number,
  coef: number,
): { alpha: number; coef: number; lambda: number; beta: number } => ({
  alpha,
  coef,
  lambda: coef / alpha - 1,
  beta: 1 / (2 * coef),
});

/**
 * Eq. (15), second line, denoiser form, per element: w(s) ((F - xhat)^2 + (2 coef - 1) (F - D)^2).
 * Nothing flows back through xhat and D. F, xHat, D [B, ...], s [B] to [B, ...].
 */
export const psiLoss = (
  { F, xHat, D, s }: { F: tf.Tensor; xHat: tf.Tensor; D: tf.Tensor; s: tf.Tensor },
  { coef, sigmaData = 0.5 }: { coef: number; sigmaData?: number },
): tf.Tensor => {
  const fit = tf.squaredDifference(F, xHat);
  const pull = tf.mul(2 * coef - 1, tf.squaredDifference(F, D));
  return tf.mul(perSample(edmWeight(s, sigmaData), F), tf.add(fit, pull));
};

/**
 * Eq. (15), first line, denoiser form, per element: (D - F) ((D - xhat) - alpha (D - F)) / c with
 * c = max(mean |xhat - D|, 1e-5) per sample, a constant for the gradient. All [B, ...].
 */
export const phiLoss = (
  { F, xHat, D }: { F: tf.Tensor; xHat: tf.Tensor; D: tf.Tensor },
  { alpha }: { alpha: number },
): tf.Tensor => {
  const axes = [...xHat.shape.keys()].slice(1);
  const c = stopGradient(tf.maximum(tf.mean(tf.abs(tf.sub(xHat, D)), axes), 1e-5));
  const gap = tf.sub(D, F);
  return tf.div(tf.mul(gap, tf.sub(tf.sub(D, xHat), tf.mul(alpha, gap))), perSample(c, xHat));
};

/**
 * Continuous semi-implicit distillation (Algorithm 2): one psi update, then one phi update, each with its own data,
 * times and noise.
 * @throws ArgumentError for unknown options, coef or alpha not above 0, R below 1.
 */
export const cosim = (teacher: Denoiser, generator: Denoiser, options: Partial<CosimOptions> = {}): Method => {
  const config = withDefaults('cosim', options, COSIM_DEFAULTS);
  const { alpha, coef, R, jumps, sigmaData } = config;
  const range = noiseRange('cosim', config.range);
  expectNumber('cosim', 'sigmaData', sigmaData, { above: 0 });
  expectNumber('cosim', 'alpha', alpha, { above: 0 });
  expectNumber('cosim', 'coef', coef, { above: 0 });
  expectNumber('cosim', 'phiMaxRs', config.phiMaxRs, { above: 0, max: 1 });
  expectInteger('cosim', 'R', R, { min: 1 });
  expectOneOf('cosim', 'jumps', jumps, JUMP_SETS);
  expectOneOf('cosim', 'psiLevels', config.psiLevels, ['pi', 'log-normal']);
  const auxiliary = auxiliaryOf(generator);

  /** x_0, s, t and both noises; psi reads even batches of the data, phi odd ones. */
  const draw =
    (role: 'psi' | 'phi', trained: Denoiser) =>
    async (dataset: Parameters<Update['draw']>[0], slice: BatchSlice): Promise<HostBatch> => {
      const uniforms = drawUniform(`${role}.times`, slice, TIME_PAIR_UNIFORMS);
      const logNormal = role === 'psi' && config.psiLevels === 'log-normal';
      const levels = logNormal ? drawNormal('psi.level', slice, []).data.map(z => Math.exp(-1.2 + 1.2 * z)) : undefined;
      const maxRs = role === 'phi' ? config.phiMaxRs : 1;
      const { s, t } = timePairs(uniforms, { R, jumps, maxRs, range }, levels);
      return {
        ...(await drawData(dataset, slice, 2 * slice.step + (role === 'psi' ? 0 : 1), generator.classes)),
        ...drawDropout(role, slice, trained),
        noiseT: drawNormal(`${role}.noiseT`, slice, generator.sampleShape),
        noiseS: drawNormal(`${role}.noiseS`, slice, generator.sampleShape),
        s: { data: s, shape: [slice.count] },
        t: { data: t, shape: [slice.count] },
      };
    };

  /** Eq. (18): x_t from the data, xhat = G(x_t, t), x_s, and what teacher and auxiliary make of x_s. */
  const forward = (roles: Parameters<Update['loss']>[0], batch: Tensors, trained: 'psi' | 'phi') => {
    const { theta = {}, phi = {}, psi = {} } = roles;
    const { x0, s, t, noiseT, noiseS, labels } = batch;
    const dropoutNoise = withPrefix('dropout/', batch);
    const noiseFor = (role: string): Tensors | undefined => (role === trained ? dropoutNoise : undefined);
    const xT = diffuse(x0, noiseT, t);
    const xHat = generator.denoise(phi, xT, t, { labels, dropoutNoise: noiseFor('phi') });
    const xS = diffuse(xHat, noiseS, s);
    const D = teacher.denoise(theta, xS, s, { labels: teacher.classes > 0 ? labels : undefined });
    const F = auxiliary.denoise(psi, xS, s, { t, labels, dropoutNoise: noiseFor('psi') });
    return { xHat, D, F, s };
  };

  const psi: Update = {
    trains: 'psi',
    lossScale: 1,
    forced: auxiliary.forced,
    draw: draw('psi', auxiliary),
    loss: (roles, batch) => {
      const value = tf.sum(psiLoss(forward(roles, batch, 'psi'), { coef, sigmaData }));
      return { value, metrics: { loss: value } };
    },
  };
  const phi: Update = {
    trains: 'phi',
    lossScale: 100, // SiD's, irrelevant to Adam but for eps
    forced: generator.forced,
    draw: draw('phi', generator),
    loss: (roles, batch) => {
      const { xHat, D, F } = forward(roles, batch, 'phi');
      const value = tf.sum(phiLoss({ F, xHat, D }, { alpha }));
      // The loss itself tells little (it may be negative): the gap between the two score networks tells more.
      return { value, metrics: { loss: value, scoreGap: tf.sum(tf.squaredDifference(D, F)) } };
    },
  };
  return {
    config: { kind: 'cosim', ...config, range },
    sampler: 'multistep',
    report: regularisation(alpha, coef),
    denoisers: { theta: teacher, phi: generator, psi: auxiliary },
    updates: [psi, phi],
  };
};
