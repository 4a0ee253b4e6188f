import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, withDefaults } from '../compute/check';
import { decreasingTimes, diffuse } from '../diffusion';
import { phiLoss, psiLoss } from '../losses';
import type { Denoiser } from '../networks';
import { alternating } from './alternating';
import { type ChanceSpec, classInputs, levelInput, normalInput, uniformInput } from './inputs';
import type { Method } from './method';

/** Options of HSIVI-SM. [C] marks what the paper leaves open. */
export type HsiviOptions = {
  /** t_0 > ... > t_{K-1}: fixed, trained on and sampled at. */
  levels: readonly number[];
  /** [C] noise level below t_{K-1} at which the last layer is matched. */
  last: number;
  /** Updates of psi to one of phi, 20 in its code. */
  psiSteps: number;
  /** Weight of ||u||^2: 0.5 is its Fisher divergence. */
  alpha: number;
  /** Standard deviation of the data. */
  sigmaData: number;
};

/** The options of HSIVI-SM where nothing else is said. */
export const HSIVI_DEFAULTS: HsiviOptions = {
  levels: [80, 16.78, 2.24, 0.131],
  last: 0.02,
  psiSteps: 20,
  alpha: 0.5,
  sigmaData: 0.5,
};

/**
 * Hierarchical semi-implicit variational inference with score matching (Yu et al. 2023), (3)-(5): K fixed layers
 * q(x_{t_{k+1}} | x_{t_k}) = N(G(x_{t_k}, t_k), t_{k+1}^2 I), [C] of the kernel of eq. (18). The input of layer k is SIMULATED by the
 * layers above, from x_{t_0} ~ N(0, t_0^2), under no gradient: K - 1 more network calls in every update, where CoSIM has one
 * push-forward of data. A sample is matched at one layer, drawn uniformly. psi is fitted by denoising (coef 0.5) in
 * several updates to one of phi.
 * @throws ArgumentError for unknown options, levels that do not fall or do not stay above `last`, psiSteps below 1.
 * @example
 * const method = hsivi(teacher.denoiser, generator.denoiser, { psiSteps: 20, alpha: 0.5 });
 */
export const hsivi = (teacher: Denoiser, generator: Denoiser, options: Partial<HsiviOptions> = {}): Method => {
  const config = withDefaults('hsivi', options, HSIVI_DEFAULTS);
  const { last, psiSteps, alpha, sigmaData } = config;
  expectInteger('hsivi', 'psiSteps', psiSteps, { min: 1, max: 1000 });
  for (const name of ['last', 'alpha', 'sigmaData'] as const) expectNumber('hsivi', name, config[name], { above: 0 });
  const levels = decreasingTimes('hsivi', 'levels', config.levels, { above: last });
  const K = levels.length;
  const targets = [...levels.slice(1), last]; // layer k leads from levels[k] to targets[k]
  const { sampleShape } = generator;

  const updates = alternating({
    teacher,
    generator,
    auxiliary: generator,
    psiSteps,
    inputs: role => {
      const layer: [ChanceSpec] = [uniformInput(`${role}.layer`, [])];
      const ofLayer = (values: readonly number[]) => (numbers: Float32Array) =>
        numbers.map(u => values[Math.floor(u * K)]);
      const noises = levels.map((_, k) => [`noise${k}`, normalInput(`${role}.noise${k}`, sampleShape)] as const);
      return {
        ...classInputs(`${role}.labels`, generator),
        ...Object.fromEntries(noises),
        noiseS: normalInput(`${role}.noiseS`, sampleShape),
        t: levelInput(layer, ofLayer(levels)),
        s: levelInput(layer, ofLayer(targets)),
      };
    },
    forward: ({ G, D, F, simulate }, batch) => {
      const { t, s, noiseS } = batch;
      const at = (level: number): tf.Tensor => tf.fill(t.shape, level);
      let x = tf.mul(batch.noise0, levels[0]);
      let xT = x; // where this sample's layer begins
      for (let k = 1; k < K; k++) {
        x = diffuse(simulate(x, at(levels[k - 1])), batch[`noise${k}`], at(levels[k]));
        const below = tf.reshape(tf.lessEqual(t, at(levels[k] * (1 + 1e-4))), [-1, ...sampleShape.map(() => 1)]);
        xT = tf.where(below, x, xT);
      }
      const xHat = G(xT, t);
      const xS = diffuse(xHat, noiseS, s);
      return { xHat, D: D(xS, s), F: F(xS, s), s };
    },
    psiLoss: matched => psiLoss(matched, { coef: 0.5, sigmaData }),
    phiLoss: matched => phiLoss(matched, { alpha }),
  });
  return {
    config: { kind: 'hsivi', ...config },
    sampler: 'multistep',
    times: { [K]: levels },
    report: { levels: K, psiSteps, alpha },
    denoisers: { theta: teacher, phi: generator, psi: generator },
    updates,
  };
};
