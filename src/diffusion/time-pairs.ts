import { expectInteger, expectOneOf, fail, withDefaults } from '../compute/check';
import { EDM_RANGE, levelOf, type NoiseRange, sigmaAt } from './schedule';

/** How the set {1, ..., 1/R} of A.1 is read: 1, 1/2, 1/3, ..., 1/R, or 1, 1/2, 1/4, ... down to 1/R. */
export const JUMP_SETS = ['harmonic', 'dyadic'] as const;
/** How the set of jump sizes of pi(s, t) is read. */
export type JumpSet = (typeof JUMP_SETS)[number];

/** Options of pi(s, t). */
export type TimePairOptions = {
  /** Number of jump sizes, Table 5: 4 or 8. */
  R: number;
  /** [C] reading of the set, 'harmonic'. */
  jumps: JumpSet;
  /** [C] s is drawn from r_s <= maxRs; 1 as in the paper, 0.8 as SiD's cut. */
  maxRs: number;
  range: NoiseRange;
};

const TIME_PAIR_DEFAULTS: TimePairOptions = { R: 4, jumps: 'harmonic', maxRs: 1, range: EDM_RANGE };

/** How many uniform numbers one pair consumes. */
export const TIME_PAIR_UNIFORMS = 4;

const jumpSizes = (R: number, jumps: JumpSet): number[] =>
  jumps === 'harmonic'
    ? Array.from({ length: R }, (_, i) => 1 / (i + 1))
    : Array.from({ length: Math.floor(Math.log2(R)) + 1 }, (_, i) => 2 ** -i);

/**
 * pi(s, t) of A.1: s = sig(r_s), r_s ~ U[0, 1]; t = sig(min(r_s + gamma, 1)), gamma = B U J + (1 - B),
 * B ~ Bernoulli(1/2), J uniform on the jump sizes. So s <= t <= sigmaMax, and t = sigmaMax more than half of the time.
 * @param uniforms [n * 4] numbers in [0, 1): r_s, B, U, J of each pair.
 * @param given [n] values of s drawn otherwise (SiD's log-normal); then r_s is the place of s in the range.
 * @returns s and t, [n] each.
 * @throws ArgumentError for unknown options, R below 1, arrays of other lengths.
 */
export const timePairs = (
  uniforms: Float32Array,
  options: Partial<TimePairOptions> = {},
  given?: Float32Array,
): { s: Float32Array; t: Float32Array } => {
  const { R, jumps, maxRs, range } = withDefaults('timePairs', options, TIME_PAIR_DEFAULTS);
  expectInteger('timePairs', 'R', R, { min: 1 });
  expectOneOf('timePairs', 'jumps', jumps, JUMP_SETS);
  const sizes = jumpSizes(R, jumps);
  const n = uniforms.length / TIME_PAIR_UNIFORMS;
  if (!Number.isInteger(n)) fail('timePairs', 'uniforms', `${TIME_PAIR_UNIFORMS} numbers a pair`, uniforms.length);
  if (given && given.length !== n) fail('timePairs', 'given', `${n} levels`, given.length);
  const s = new Float32Array(n);
  const t = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const [u, b, v, j] = uniforms.subarray(i * TIME_PAIR_UNIFORMS, (i + 1) * TIME_PAIR_UNIFORMS);
    const rs = given ? levelOf(given[i], range) : u * maxRs;
    const gamma = b < 0.5 ? v * sizes[Math.floor(j * sizes.length)] : 1;
    s[i] = sigmaAt(rs, range);
    t[i] = sigmaAt(Math.min(rs + gamma, 1), range);
  }
  return { s, t };
};
