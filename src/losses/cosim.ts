import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, expectOneOf, withDefaults } from '../compute/check';
import {
  diffuse,
  EDM_RANGE,
  JUMP_SETS,
  type JumpSet,
  logNormalLevel,
  noiseRange,
  type NoiseRange,
  perSample,
  TIME_PAIR_UNIFORMS,
  timePairs,
} from '../diffusion';
import { alternating, drawData, drawNormal, drawUniform, type LossInputs, type Method } from '../methods';
import { auxiliaryOf, type Denoiser } from '../networks';
import { type DivergenceName, divergenceOf, DIVERGENCES, generalPhiLoss, generalPsiLoss } from './divergence';
import { edmWeight, sampleScale } from './weights';

/** Options of CoSIM. [C] marks what the paper leaves open. */
export type CosimOptions = {
  /** Weight of ||u||^2 in the generator's stage, 1.2 throughout the paper. */
  alpha: number;
  /** alpha (1 + lambda), the regularisation strength of Table 6: 0.5 (SiD), 0.75, 1. */
  coef: number;
  /** Jump sizes 1, ..., 1/R of pi(s, t), Table 5: 4 or 8. */
  R: number;
  /** [C] reading of that set. */
  jumps: JumpSet;
  /** [C] s of L_phi from r_s <= this: 1 as in Algorithm 2, 0.8 as SiD. */
  phiMaxRs: number;
  /** [C] s of L_psi from pi(s, t), or ln s ~ N(-1.2, 1.2^2) as SiD. */
  psiLevels: 'pi' | 'log-normal';
  /** H of Theorem B.1: 'square' is the paper's Fisher divergence. */
  divergence: DivergenceName;
  /** Where pseudo-Huber turns from square to linear, data units. */
  delta: number;
  /** Standard deviation of the data. */
  sigmaData: number;
  range: NoiseRange;
};

export const COSIM_DEFAULTS: CosimOptions = {
  alpha: 1.2,
  coef: 1,
  R: 4,
  jumps: 'harmonic',
  phiMaxRs: 1,
  psiLevels: 'pi',
  divergence: 'square',
  delta: 1,
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
  { F, xHat, D, s }: LossInputs,
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
export const phiLoss = ({ F, xHat, D }: Omit<LossInputs, 's'>, { alpha }: { alpha: number }): tf.Tensor => {
  const gap = tf.sub(D, F);
  return tf.div(tf.mul(gap, tf.sub(tf.sub(D, xHat), tf.mul(alpha, gap))), sampleScale(xHat, D));
};

/**
 * Continuous semi-implicit distillation (Algorithm 2): one psi update, then one phi update, each with its own data,
 * times and noise.
 * @throws ArgumentError for unknown options; alpha, coef or delta not above 0, R below 1.
 */
export const cosim = (teacher: Denoiser, generator: Denoiser, options: Partial<CosimOptions> = {}): Method => {
  const config = withDefaults('cosim', options, COSIM_DEFAULTS);
  const { alpha, coef, R, jumps, phiMaxRs, psiLevels, divergence, sigmaData } = config;
  const range = noiseRange('cosim', config.range);
  for (const name of ['sigmaData', 'alpha', 'coef', 'delta'] as const)
    expectNumber('cosim', name, config[name], { above: 0 });
  expectNumber('cosim', 'phiMaxRs', phiMaxRs, { above: 0, max: 1 });
  expectInteger('cosim', 'R', R, { min: 1 });
  expectOneOf('cosim', 'jumps', jumps, JUMP_SETS);
  expectOneOf('cosim', 'psiLevels', psiLevels, ['pi', 'log-normal']);
  expectOneOf('cosim', 'divergence', divergence, DIVERGENCES);
  const auxiliary = auxiliaryOf(generator);
  const { lambda, ...report } = regularisation(alpha, coef);
  const general = divergenceOf(divergence, alpha, config.delta);

  const updates = alternating({
    ...{ teacher, generator, auxiliary },
    /** x_0, s, t and both noises; psi reads even batches of the data, phi odd ones. */
    draw: async (role, dataset, slice) => {
      const uniforms = drawUniform(`${role}.times`, slice, TIME_PAIR_UNIFORMS);
      const levels = (): Float32Array => drawNormal('psi.level', slice, []).data.map(z => logNormalLevel(z));
      const given = role === 'psi' && psiLevels === 'log-normal' ? levels() : undefined;
      const maxRs = role === 'phi' ? phiMaxRs : 1;
      const { s, t } = timePairs(uniforms, { R, jumps, maxRs, range }, given);
      return {
        ...(await drawData(dataset, slice, 2 * slice.step + (role === 'psi' ? 0 : 1), generator.classes)),
        noiseT: drawNormal(`${role}.noiseT`, slice, generator.sampleShape),
        noiseS: drawNormal(`${role}.noiseS`, slice, generator.sampleShape),
        s: { data: s, shape: [slice.count] },
        t: { data: t, shape: [slice.count] },
      };
    },
    /** Eq. (18): x_t from the data, xhat = G(x_t, t), x_s, and what teacher and auxiliary make of x_s. */
    forward: ({ G, D, F }, { x0, s, t, noiseT, noiseS }) => {
      const xHat = G(diffuse(x0, noiseT, t), t);
      const xS = diffuse(xHat, noiseS, s);
      return { xHat, D: D(xS, s), F: F(xS, s, t), s };
    },
    psiLoss: matched =>
      divergence === 'square'
        ? psiLoss(matched, { coef, sigmaData })
        : generalPsiLoss(matched, general, { lambda, sigmaData }),
    phiLoss: matched => (divergence === 'square' ? phiLoss(matched, { alpha }) : generalPhiLoss(matched, general)),
  });
  return {
    config: { kind: 'cosim', ...config, range },
    sampler: 'multistep',
    report: { ...report, lambda },
    denoisers: { theta: teacher, phi: generator, psi: auxiliary },
    updates,
  };
};
