import type { Points } from '../compute/host-arrays';
import { expectInteger, fail, withDefaults } from '../compute/check';
import { uniform } from '../compute/noise';
import { expectFinite, expectPair, type Measurement } from './measurement';
import { type Kernel, squaredMmd } from './mmd';
import { PAIR_DEFAULTS, type PairOptions, type PairSettings, passOptions, rowsAbout, rowsAt } from './pairwise';

/** Options of `kid`. */
export type KidOptions = PairOptions & {
  /** Pairs of random subsets. */
  subsets?: number;
  /** Points of each, without repetition; at most the smaller set. */
  subsetSize?: number;
  /** Seed of the subsets, default 0. */
  seed?: number;
};

type KidSettings = PairSettings & Required<Pick<KidOptions, 'subsets' | 'subsetSize' | 'seed'>>;

/** The kernel Inception distance, the mean over subsets. */
export type Kid = Measurement & {
  /** Population deviation over the subsets: their spread, not the error of the mean. */
  std: number;
  subsets: number;
  subsetSize: number;
};

/** Rows of the samples and as many of the reference, by index. */
export type KidSubset = { samples: ArrayLike<number>; reference: ArrayLike<number> };

/** (x.y / d + 1)^3 (Binkowski et al. 2018, section 4). */
const polynomial =
  (d: number): Kernel =>
  xy => {
    const base = xy / d + 1;
    return base * base * base;
  };

const expectFeatures = (where: string, samples: Points, reference: Points): void => {
  expectPair(where, samples, reference, 2);
  expectFinite(where, 'samples', samples);
  expectFinite(where, 'reference', reference);
};

const expectIndices = (name: string, indices: ArrayLike<number>, n: number): void => {
  expectInteger('kidOnSubsets', `${name}.length`, indices.length, { min: 2, max: n });
  for (let i = 0; i < indices.length; i++) expectInteger('kidOnSubsets', `${name}[${i}]`, indices[i], { max: n - 1 });
};

/**
 * Kernel Inception Distance over given subsets: mean and deviation of their unbiased estimates.
 * @throws ArgumentError as `kid` does, and for an index out of range or subsets of different size
 */
export const kidOnSubsets = async (
  samples: Points,
  reference: Points,
  subsets: readonly KidSubset[],
  options: PairOptions = {},
): Promise<Kid> => {
  const where = 'kidOnSubsets';
  const checked = withDefaults(where, options, PAIR_DEFAULTS);
  expectFeatures(where, samples, reference);
  if (subsets.length === 0) fail(where, 'subsets', 'at least one', subsets);
  const subsetSize = subsets[0].samples.length;
  subsets.forEach((subset, s) => {
    expectIndices(`subsets[${s}].samples`, subset.samples, samples.n);
    expectIndices(`subsets[${s}].reference`, subset.reference, reference.n);
    if (subset.samples.length !== subsetSize || subset.reference.length !== subsetSize)
      fail(where, `subsets[${s}]`, `${subsetSize} points of each set`, [
        subset.samples.length,
        subset.reference.length,
      ]);
  });

  const values: number[] = [];
  for (const subset of subsets) {
    const x = rowsAt(samples, subset.samples);
    const y = rowsAt(reference, subset.reference);
    const pass = passOptions(checked, values.length, subsets.length);
    values.push((await squaredMmd(x, y, polynomial(samples.d), pass)).unbiased);
  }
  const value = values.reduce((a, b) => a + b) / values.length;
  const std = Math.sqrt(values.reduce((sum, v) => sum + (v - value) ** 2, 0) / values.length);
  return { value, std, subsets: values.length, subsetSize, n: samples.n, nReference: reference.n };
};

/** `size` different indices below n: the first steps of a Fisher-Yates shuffle. */
const draw = (n: number, size: number, seed: number, stream: string, subset: number): Uint32Array => {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  const draws = uniform({ seed, stream, sample: subset }, size);
  for (let i = 0; i < size; i++) {
    const j = i + Math.floor(draws[i] * (n - i));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order.slice(0, size);
};

/**
 * Kernel Inception Distance: the squared maximum mean discrepancy of features with the kernel (x.y / d + 1)^3, its
 * unbiased estimate (Binkowski et al. 2018), as mean and deviation over random subsets. The defaults, 100 subsets of
 * 1000 points, are those of the authors' published code and of the tools after it. It may be a little below 0.
 * A pair of subsets takes about 2 size^2 d multiplications, in float64.
 * @throws ArgumentError for unknown options, fewer than two points, different dimensions, numbers that are not finite or
 * subsets larger than a set
 */
export const kid = async (samples: Points, reference: Points, options: KidOptions = {}): Promise<Kid> => {
  const where = 'kid';
  const smaller = Math.min(samples.n, reference.n);
  const { subsets, subsetSize, seed, ...pairs } = withDefaults<KidSettings>(where, options, {
    ...PAIR_DEFAULTS,
    subsets: 100,
    subsetSize: Math.min(1000, smaller),
    seed: 0,
  });
  expectFeatures(where, samples, reference);
  expectInteger(where, 'subsets', subsets, { min: 1 });
  expectInteger(where, 'subsetSize', subsetSize, { min: 2, max: smaller });
  expectInteger(where, 'seed', seed);
  const drawn = Array.from({ length: subsets }, (_, s) => ({
    samples: draw(samples.n, subsetSize, seed, 'metrics.kid.samples', s),
    reference: draw(reference.n, subsetSize, seed, 'metrics.kid.reference', s),
  }));
  return kidOnSubsets(samples, reference, drawn, pairs);
};

/**
 * The unbiased Kernel Inception Distance of the whole sets, of any sizes: the value about which those of subsets spread.
 * It takes (n + m)^2 d / 2 multiplications: minutes from some 20,000 points of 2048 features on.
 * @throws ArgumentError as `kid` does
 */
export const kidUnbiased = async (
  samples: Points,
  reference: Points,
  options: PairOptions = {},
): Promise<Measurement & { biased: number }> => {
  const where = 'kidUnbiased';
  const checked = withDefaults(where, options, PAIR_DEFAULTS);
  expectFeatures(where, samples, reference);
  const origin = new Float64Array(samples.d); // the kernel's own: it is not blind to shifts
  const [x, y] = [rowsAbout(samples, origin), rowsAbout(reference, origin)];
  const { unbiased, biased } = await squaredMmd(x, y, polynomial(samples.d), checked);
  return { value: unbiased, biased, n: samples.n, nReference: reference.n };
};
