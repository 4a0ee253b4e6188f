import { expectInteger, expectNumber, withDefaults } from '../compute/check';
import { stopGradient } from '../compute/tensors';
import { diffuse, EDM_RANGE, jumpTimes, type NoiseRange, noiseRange, posterior, sigmaAt } from '../diffusion';
import { momentLoss, psiLoss } from '../losses';
import type { Denoiser } from '../networks';
import { alternating } from './alternating';
import { type ChanceSpec, dataInputs, levelInput, normalInput, uniformInput } from './inputs';
import type { Method } from './method';

/** Options of Moment Matching. [C] marks what the paper leaves open. */
export type MomentMatchingOptions = {
  /** Sampling steps K that it is trained for: jumps of up to 1/K in r. */
  steps: number;
  /** Standard deviation of the data. */
  sigmaData: number;
  range: NoiseRange;
};

/** The options of Moment Matching where nothing else is said. */
export const MOMENT_MATCHING_DEFAULTS: MomentMatchingOptions = { steps: 4, sigmaData: 0.5, range: EDM_RANGE };

/**
 * Multistep moment matching (Salimans et al. 2024), alternating: z_t from the data, xhat = G(z_t, t), z_s from the posterior
 * between xhat and z_t; s = sig(r_s), r_s ~ U[0, 1], t = sig(min(r_s + U[0, 1/K], 1)). psi is CoSIM's at coef 1 with an
 * auxiliary that knows s only; no gradient flows through z_s. Samples come from the ancestral sampler at t = sig(1 - k/K).
 * @throws ArgumentError for unknown options, steps below 1.
 * @example
 * const method = momentMatching(teacher.denoiser, generator.denoiser, { steps: 4 });
 */
export const momentMatching = (
  teacher: Denoiser,
  generator: Denoiser,
  options: Partial<MomentMatchingOptions> = {},
): Method => {
  const config = withDefaults('momentMatching', options, MOMENT_MATCHING_DEFAULTS);
  const { steps, sigmaData } = config;
  const range = noiseRange('momentMatching', config.range);
  expectInteger('momentMatching', 'steps', steps, { min: 1, max: 1000 });
  expectNumber('momentMatching', 'sigmaData', sigmaData, { above: 0 });

  const updates = alternating({
    teacher,
    generator,
    auxiliary: generator,
    inputs: role => {
      const draws: [ChanceSpec] = [uniformInput(`${role}.times`, [2])]; // r_s and the jump
      const levels = (numbers: Float32Array, jumping: boolean): Float32Array =>
        Float32Array.from({ length: numbers.length / 2 }, (_, i) => {
          const rs = numbers[2 * i];
          return sigmaAt(jumping ? Math.min(rs + numbers[2 * i + 1] / steps, 1) : rs, range);
        });
      return {
        ...dataInputs(generator, { every: 2, offset: role === 'psi' ? 0 : 1 }),
        noiseT: normalInput(`${role}.noiseT`, generator.sampleShape),
        noiseS: normalInput(`${role}.noiseS`, generator.sampleShape),
        s: levelInput(draws, numbers => levels(numbers, false)),
        t: levelInput(draws, numbers => levels(numbers, true)),
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
