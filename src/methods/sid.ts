import * as tf from '@tensorflow/tfjs-core';
import { expectNumber, withDefaults } from '../compute/check';
import { diffuse, EDM_RANGE, logNormalLevel, type NoiseRange, noiseRange, sigmaAt } from '../diffusion';
import { phiLoss, psiLoss } from '../losses';
import type { Denoiser } from '../networks';
import { alternating } from './alternating';
import { classInputs, levelInput, normalInput, uniformInput } from './inputs';
import type { Method } from './method';

/** Options of SiD. */
export type SidOptions = {
  /** Weight of ||u||^2 in the generator's stage: 1 or 1.2. */
  alpha: number;
  /** The generator's one noise level. */
  startSigma: number;
  /** s of the generator's stage from r_s <= this: s <= 24.4. */
  phiMaxRs: number;
  /** Standard deviation of the data. */
  sigmaData: number;
  range: NoiseRange;
};

/** The options of SiD where nothing else is said. */
export const SID_DEFAULTS: SidOptions = {
  alpha: 1.2,
  startSigma: 2.5,
  phiMaxRs: 0.8,
  sigmaData: 0.5,
  range: EDM_RANGE,
};

/**
 * Score identity distillation (Zhou et al. 2024): a one-step generator, xhat = G(2.5 z, 2.5), that sees no data. CoSIM's two
 * stages with coef 0.5 (psi is EDM's denoising loss on generated samples) and an auxiliary that knows s only. Classes
 * are drawn uniformly.
 * @throws ArgumentError for unknown options; alpha, startSigma, phiMaxRs or sigmaData not above 0.
 * @example
 * const method = sid(teacher.denoiser, generator.denoiser, { alpha: 1.2 });
 */
export const sid = (teacher: Denoiser, generator: Denoiser, options: Partial<SidOptions> = {}): Method => {
  const config = withDefaults('sid', options, SID_DEFAULTS);
  const { alpha, startSigma, phiMaxRs, sigmaData } = config;
  const range = noiseRange('sid', config.range);
  for (const name of ['alpha', 'startSigma', 'sigmaData'] as const)
    expectNumber('sid', name, config[name], { above: 0 });
  expectNumber('sid', 'phiMaxRs', phiMaxRs, { above: 0, max: 1 });

  const updates = alternating({
    teacher,
    generator,
    auxiliary: generator,
    inputs: role => ({
      ...classInputs(`${role}.labels`, generator),
      noise: normalInput(`${role}.noise`, generator.sampleShape),
      noiseS: normalInput(`${role}.noiseS`, generator.sampleShape),
      s:
        role === 'psi'
          ? levelInput([normalInput('psi.level', [])], numbers => numbers.map(z => logNormalLevel(z)))
          : levelInput([uniformInput('phi.level', [])], numbers => numbers.map(u => sigmaAt(u * phiMaxRs, range))),
    }),
    forward: ({ G, D, F }, { noise, noiseS, s }) => {
      const xHat = G(tf.mul(noise, startSigma), tf.fill([noise.shape[0]], startSigma));
      const xS = diffuse(xHat, noiseS, s);
      return { xHat, D: D(xS, s), F: F(xS, s), s };
    },
    psiLoss: matched => psiLoss(matched, { coef: 0.5, sigmaData }),
    phiLoss: matched => phiLoss(matched, { alpha }),
  });
  return {
    config: { kind: 'sid', ...config, range },
    sampler: 'multistep',
    times: { 1: [startSigma] },
    report: { alpha },
    denoisers: { theta: teacher, phi: generator, psi: generator },
    updates,
  };
};
