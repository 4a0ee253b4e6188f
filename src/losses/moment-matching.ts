import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, withDefaults } from '../compute/check';
import { stopGradient } from '../compute/tensors';
import { diffuse, EDM_RANGE, jumpTimes, noiseRange, type NoiseRange, posterior, sigmaAt } from '../diffusion';
import { alternating, drawData, drawNormal, drawUniform, type LossInputs, type Method } from '../methods';
import type { Denoiser } from '../networks';
import { psiLoss } from './cosim';
import { sampleScale } from './weights';

/** Options of Moment Matching. [C] marks what the paper leaves open. */
export type MomentMatchingOptions = {
  /** Sampling steps K that it is trained for: jumps of up to 1/K in r. */
  steps: number;
  /** Standard deviation of the data. */
  sigmaData: number;
  range: NoiseRange;
};

export const MOMENT_MATCHING_DEFAULTS: MomentMatchingOptions = { steps: 4, sigmaData: 0.5, range: EDM_RANGE };

/** Per element: xhat sg[F - D] / c, whose gradient is (F - D) / c; [C] c as in CoSIM's first stage, all [B, ...]. */
export const momentLoss = ({ F, xHat, D }: Omit<LossInputs, 's'>): tf.Tensor =>
  tf.mul(xHat, tf.div(stopGradient(tf.sub(F, D)), sampleScale(xHat, D)));

/**
 * Multistep moment matching (Salimans et al. 2024), alternating: z_t from the data, xhat = G(z_t, t), z_s from the posterior
 * between xhat and z_t; s = sig(r_s), r_s ~ U[0, 1], t = sig(min(r_s + U[0, 1/K], 1)). psi is CoSIM's at coef 1 with an
 * auxiliary that knows s only; no gradient flows through z_s. Samples come from the ancestral sampler at t = sig(1 - k/K).
 * @throws ArgumentError for unknown options, steps below 1.
 */
export const momentMatching = (
  teacher: Denoiser,
  generator: Denoiser,
  options: Partial<MomentMatchingOptions> = {},
): Method => {
  const config = withDefaults('momentMatching', options, MOMENT_MATCHING_DEFAULTS);
  const { steps, sigmaData } = config;
  const range = noiseRange('momentMatching', config.range);
  expectInteger('momentMatching', 'steps', steps, { min: 1 });
  expectNumber('momentMatching', 'sigmaData', sigmaData, { above: 0 });

  const updates = alternating({
    ...{ teacher, generator, auxiliary: generator },
    draw: async (role, dataset, slice) => {
      const uniforms = drawUniform(`${role}.times`, slice, 2);
      const s = new Float32Array(slice.count);
      const t = new Float32Array(slice.count);
      for (let i = 0; i < slice.count; i++) {
        const [rs, jump] = [uniforms[2 * i], uniforms[2 * i + 1] / steps];
        s[i] = sigmaAt(rs, range);
        t[i] = sigmaAt(Math.min(rs + jump, 1), range);
      }
      return {
        ...(await drawData(dataset, slice, 2 * slice.step + (role === 'psi' ? 0 : 1), generator.classes)),
        noiseT: drawNormal(`${role}.noiseT`, slice, generator.sampleShape),
        noiseS: drawNormal(`${role}.noiseS`, slice, generator.sampleShape),
        s: { data: s, shape: [slice.count] },
        t: { data: t, shape: [slice.count] },
      };
    },
    forward: ({ G, D, F }, { x0, s, t, noiseT, noiseS }) => {
      const zT = diffuse(x0, noiseT, t);
      const xHat = G(zT, t);
      const zS = posterior(stopGradient(xHat), zT, noiseS, { s, t });
      return { xHat, D: D(zS, s), F: F(zS, s), s };
    },
    psiLoss: matched => psiLoss(matched, { coef: 1, sigmaData }),
    phiLoss: momentLoss,
  });
  return {
    config: { kind: 'moment-matching', ...config, range },
    sampler: 'ancestral',
    times: Object.fromEntries([1, 2, 4, 8, steps].map(K => [K, jumpTimes(K, range)])),
    report: { steps },
    denoisers: { theta: teacher, phi: generator, psi: generator },
    updates,
  };
};
