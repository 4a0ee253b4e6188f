/* D(x, sigma) = c_skip x + c_out F(c_in x; c_noise): Karras et al. 2022, Table 1, and for EDM eq. (22) of the paper. */
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, expectOneOf, withDefaults } from '../compute/check';

/** Which coefficients, as JSON. Only EDM's may be given a range; the others' follows from their options. */
export type Preconditioning =
  | { kind: 'edm'; sigmaData: number; sigmaMin?: number; sigmaMax?: number }
  | { kind: 'vp'; betaD: number; betaMin: number; M: number; epsilonT: number } // M: c_noise runs to M - 1
  | { kind: 've'; sigmaMin: number; sigmaMax: number }
  | { kind: 'iddpm'; c1: number; c2: number; M: number }; // constants of the cosine schedule; M: number of levels

/** The preconditionings of EDM, Table 1, with their usual constants. */
export const PRECONDITIONINGS = {
  edm: { kind: 'edm', sigmaData: 0.5 },
  vp: { kind: 'vp', betaD: 19.9, betaMin: 0.1, M: 1000, epsilonT: 1e-5 },
  ve: { kind: 've', sigmaMin: 0.02, sigmaMax: 100 },
  iddpm: { kind: 'iddpm', c1: 0.001, c2: 0.008, M: 1000 },
} as const satisfies { [K in Preconditioning['kind']]: Extract<Preconditioning, { kind: K }> };

/** c_skip, c_out, c_in of the shape of `level`; 1 where a coefficient is a constant. */
type Coefficients = { cSkip: tf.Tensor | 1; cOut: tf.Tensor; cIn: tf.Tensor | 1 };

/** A preconditioning at work: tensors on the device, the sampler's range on the host. */
export type Preconditioner = {
  /** Level: sigma, of any shape. */
  at: (level: tf.Tensor) => Coefficients;
  /** [B] to [B]. */
  cNoise: (sigma: tf.Tensor) => tf.Tensor;
  /** Noise levels the network was made for. */
  range: { sigmaMin: number; sigmaMax: number };
  /** To the nearest level the network knows. */
  round: (sigma: number) => number;
};

const nowhere = (sigma: number): number => sigma;

const edm = ({
  sigmaData,
  sigmaMin = 0,
  sigmaMax = Infinity,
}: Extract<Preconditioning, { kind: 'edm' }>): Preconditioner => ({
  at: level => {
    const total = tf.add(tf.square(level), sigmaData ** 2);
    const cIn = tf.rsqrt(total);
    return { cSkip: tf.div(sigmaData ** 2, total), cOut: tf.mul(tf.mul(level, sigmaData), cIn), cIn };
  },
  cNoise: sigma => tf.mul(tf.log(sigma), 0.25),
  range: { sigmaMin, sigmaMax },
  round: nowhere,
});

/** VP's sigma(t) = sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1) as the reference has it, in float32 throughout. */
const vpSigma32 = (t: number, betaD: number, betaMin: number): number => {
  const f = Math.fround;
  const exponent = f(f(0.5 * betaD * f(t) ** 2) + f(betaMin * f(t)));
  return f(Math.sqrt(f(f(Math.exp(exponent)) - 1)));
};

const vp = ({ betaD, betaMin, M, epsilonT }: Extract<Preconditioning, { kind: 'vp' }>): Preconditioner => ({
  at: level => ({ cSkip: 1, cOut: tf.neg(level), cIn: tf.rsqrt(tf.add(tf.square(level), 1)) }),
  // t(s) = (sqrt(beta_min^2 + 2 beta_d ln(1 + s^2)) - beta_min) / beta_d
  cNoise: sigma => {
    const root = tf.sqrt(tf.add(tf.mul(tf.log1p(tf.square(sigma)), 2 * betaD), betaMin ** 2));
    return tf.mul(tf.sub(root, betaMin), (M - 1) / betaD);
  },
  range: { sigmaMin: vpSigma32(epsilonT, betaD, betaMin), sigmaMax: vpSigma32(1, betaD, betaMin) },
  round: nowhere,
});

const ve = ({ sigmaMin, sigmaMax }: Extract<Preconditioning, { kind: 've' }>): Preconditioner => ({
  at: level => ({ cSkip: 1, cOut: level, cIn: 1 }),
  cNoise: sigma => tf.log(tf.mul(sigma, 0.5)),
  range: { sigmaMin, sigmaMax },
  round: nowhere,
});

/** iDDPM's noise levels u_0 > ... > u_M = 0 of the cosine schedule, in float32 like the reference's table (to a rounding of its sine). */
const iddpmLevels = ({ c1, c2, M }: { c1: number; c2: number; M: number }): Float32Array => {
  const f = Math.fround;
  // Each operation is rounded: 1 / (ratio of alphaBar) - 1 below loses all but three digits.
  const alphaBar = (j: number): number => f(f(Math.sin(f(f(f(f(0.5 * Math.PI) * j) / M) / f(c2 + 1)))) ** 2);
  const u = new Float32Array(M + 1);
  for (let j = M; j > 0; j--) {
    const ratio = Math.max(f(alphaBar(j - 1) / alphaBar(j)), c1);
    u[j - 1] = Math.sqrt(f(f(f(f(u[j] ** 2) + 1) / ratio) - 1));
  }
  return u;
};

const iddpm = (options: Extract<Preconditioning, { kind: 'iddpm' }>): Preconditioner => {
  const { M } = options;
  const u = iddpmLevels(options);
  const halfWay = Float32Array.from({ length: M }, (_, j) => (u[j] + u[j + 1]) / 2);
  return {
    at: level => ({ cSkip: 1, cOut: tf.neg(level), cIn: tf.rsqrt(tf.add(tf.square(level), 1)) }),
    // M - 1 - index of the nearest level, which is the number of half-way points above sigma
    cNoise: sigma => {
      const above = tf.greater(tf.tensor2d(halfWay, [1, M]), tf.reshape(sigma, [-1, 1]));
      return tf.sub(M - 1, tf.sum(tf.cast(above, 'float32'), 1));
    },
    range: { sigmaMin: u[M - 1], sigmaMax: u[0] },
    round: sigma => u.reduce((best, level) => (Math.abs(level - sigma) < Math.abs(best - sigma) ? level : best)),
  };
};

const MOST_LEVELS = 100_000; // M: a table of that many levels is made

/**
 * The preconditioning that a configuration describes, options left out as in the reference.
 * @throws ArgumentError for an unknown kind or option and for options out of range.
 */
export const preconditioner = (given: Record<string, unknown>): { config: Preconditioning; act: Preconditioner } => {
  const where = 'preconditioning';
  const kind = expectOneOf(where, 'kind', given.kind, ['edm', 'vp', 've', 'iddpm']);
  const positive = (name: string, value: unknown): void => void expectNumber(where, name, value, { above: 0 });
  switch (kind) {
    case 'edm': {
      const { sigmaMin = 0, sigmaMax = Infinity, ...rest } = given as Extract<Preconditioning, { kind: 'edm' }>;
      const config = withDefaults<typeof rest>(where, rest, PRECONDITIONINGS.edm);
      positive('sigmaData', config.sigmaData);
      expectNumber(where, 'sigmaMin', sigmaMin, { min: 0 });
      if (sigmaMax !== Infinity) expectNumber(where, 'sigmaMax', sigmaMax, { above: sigmaMin });
      const range = { ...(sigmaMin > 0 ? { sigmaMin } : {}), ...(sigmaMax < Infinity ? { sigmaMax } : {}) };
      const full = { ...config, ...range };
      return { config: full, act: edm(full) };
    }
    case 'vp': {
      const config = withDefaults<Parameters<typeof vp>[0]>(where, given, PRECONDITIONINGS.vp);
      for (const name of ['betaD', 'betaMin', 'epsilonT'] as const) positive(name, config[name]);
      expectInteger(where, 'M', config.M, { min: 2, max: MOST_LEVELS });
      return { config, act: vp(config) };
    }
    case 've': {
      const config = withDefaults<Parameters<typeof ve>[0]>(where, given, PRECONDITIONINGS.ve);
      positive('sigmaMin', config.sigmaMin);
      expectNumber(where, 'sigmaMax', config.sigmaMax, { above: config.sigmaMin });
      return { config, act: ve(config) };
    }
    case 'iddpm': {
      const config = withDefaults<Parameters<typeof iddpm>[0]>(where, given, PRECONDITIONINGS.iddpm);
      for (const name of ['c1', 'c2'] as const) positive(name, config[name]);
      expectInteger(where, 'M', config.M, { min: 2, max: MOST_LEVELS });
      return { config, act: iddpm(config) };
    }
  }
};
