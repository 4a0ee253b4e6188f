import { expectInteger, expectNumber, expectOneOf, withDefaults } from '../compute/check';
import {
  diffuse,
  EDM_RANGE,
  JUMP_SETS,
  type JumpSet,
  logNormalLevel,
  type NoiseRange,
  noiseRange,
  TIME_PAIR_UNIFORMS,
  timePairs,
} from '../diffusion';
import {
  type DivergenceName,
  divergenceOf,
  DIVERGENCES,
  generalPhiLoss,
  generalPsiLoss,
  phiLoss,
  psiLoss,
  regularisation,
} from '../losses';
import { auxiliaryOf, type Denoiser } from '../networks';
import { alternating } from './alternating';
import { dataInputs, levelInput, normalInput, uniformInput } from './inputs';
import type { Method } from './method';

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

/** The options of CoSIM where nothing else is said. */
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
 * Continuous semi-implicit distillation (Algorithm 2): one psi update, then one phi update, each with its own data,
 * times and noise.
 * @throws ArgumentError for unknown options; alpha, coef or delta not above 0, R below 1.
 * @example
 * const method = cosim(teacher.denoiser, generator.denoiser, { alpha: 1.2, coef: 1, R: 4 });
 */
export const cosim = (teacher: Denoiser, generator: Denoiser, options: Partial<CosimOptions> = {}): Method => {
  const config = withDefaults('cosim', options, COSIM_DEFAULTS);
  const { alpha, coef, R, jumps, phiMaxRs, psiLevels, divergence, sigmaData } = config;
  const range = noiseRange('cosim', config.range);
  for (const name of ['sigmaData', 'alpha', 'coef', 'delta'] as const)
    expectNumber('cosim', name, config[name], { above: 0 });
  expectNumber('cosim', 'phiMaxRs', phiMaxRs, { above: 0, max: 1 });
  expectInteger('cosim', 'R', R, { min: 1, max: 1024 }); // a jump of 1/1024 is less than a level's width
  expectOneOf('cosim', 'jumps', jumps, JUMP_SETS);
  expectOneOf('cosim', 'psiLevels', psiLevels, ['pi', 'log-normal']);
  expectOneOf('cosim', 'divergence', divergence, DIVERGENCES);
  const auxiliary = auxiliaryOf(generator);
  const { lambda, ...report } = regularisation(alpha, coef);
  const general = divergenceOf(divergence, alpha, config.delta);

  const updates = alternating({
    teacher,
    generator,
    auxiliary,
    /** x_0, s, t and both noises; psi reads even batches of the data, phi odd ones. */
    inputs: role => {
      const pairs = uniformInput(`${role}.times`, [TIME_PAIR_UNIFORMS]);
      const given = role === 'psi' && psiLevels === 'log-normal' ? normalInput('psi.level', []) : undefined;
      const options = { R, jumps, maxRs: role === 'phi' ? phiMaxRs : 1, range };
      const times = (uniforms: Float32Array, normals?: Float32Array) =>
        timePairs(
          uniforms,
          options,
          normals?.map(z => logNormalLevel(z)),
        );
      return {
        ...dataInputs(generator, { every: 2, offset: role === 'psi' ? 0 : 1 }),
        noiseT: normalInput(`${role}.noiseT`, generator.sampleShape),
        noiseS: normalInput(`${role}.noiseS`, generator.sampleShape),
        s: levelInput([pairs, given], (uniforms, normals) => times(uniforms, normals).s),
        t: levelInput([pairs, given], (uniforms, normals) => times(uniforms, normals).t),
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
