import type { Points } from '../compute/host-arrays';
import { withDefaults } from '../compute/check';
import { expectFinite, expectPair, type Measurement } from './measurement';
import {
  centreOf,
  PAIR_DEFAULTS,
  type PairOptions,
  type PairSettings,
  passOptions,
  rowsAbout,
  squaredDistance,
  visitProducts,
} from './pairwise';

/** Below this share of |x|^2 + |y|^2 a squared distance is taken by differences: products have too few digits of it left. */
const CANCELLED = 1e-8;

/** Sum of |x - y| over all pairs of rows; for a set with itself both orders of a pair count, and a row with itself is 0. */
const distanceSum = async (x: Points, y: Points, centre: Float64Array, options: PairSettings): Promise<number> => {
  const a = rowsAbout(x, centre);
  const b = x === y ? a : rowsAbout(y, centre);
  let total = 0;
  await visitProducts(
    a,
    b,
    (products, { i0, i1, j0, j1 }) => {
      for (let i = i0; i < i1; i++) {
        const row = (i - i0) * (j1 - j0) - j0;
        let sum = 0;
        for (let j = a === b ? Math.max(j0, i + 1) : j0; j < j1; j++) {
          const lengths = a.squares[i] + b.squares[j];
          const squared = lengths - 2 * products[row + j];
          sum += Math.sqrt(squared > CANCELLED * lengths ? squared : squaredDistance(x, i, y, j));
        }
        total += sum;
      }
    },
    options,
  );
  return a === b ? 2 * total : total;
};

/**
 * Energy distance 2 E|x - y| - E|x - x'| - E|y - y'| (Székely and Rizzo 2013), all pairs of the sets counted, a point with
 * itself too: at least 0, and 0 only for equal sets. Not its square root, which some libraries return.
 * @throws ArgumentError for unknown options, different dimensions or numbers that are not finite
 */
export const energyDistance = async (
  samples: Points,
  reference: Points,
  options: PairOptions = {},
): Promise<Measurement> => {
  const where = 'energyDistance';
  const checked = withDefaults(where, options, PAIR_DEFAULTS);
  expectPair(where, samples, reference);
  expectFinite(where, 'samples', samples);
  expectFinite(where, 'reference', reference);
  const [n, m] = [samples.n, reference.n];
  const centre = centreOf(reference);
  const within = await distanceSum(samples, samples, centre, passOptions(checked, 0, 3));
  const apart = await distanceSum(reference, reference, centre, passOptions(checked, 1, 3));
  const between = await distanceSum(samples, reference, centre, passOptions(checked, 2, 3));
  const value = (2 * between) / (n * m) - within / n ** 2 - apart / m ** 2;
  return { value: Math.max(0, value), n, nReference: m };
};
