import type { Points } from '../compute/host-arrays';
import { expectNumber, withDefaults } from '../compute/check';
import { expectFinite, expectPair, type Measurement } from './measurement';
import {
  centreOf,
  PAIR_DEFAULTS,
  type PairOptions,
  type PairSettings,
  passOptions,
  rowsAbout,
  type SquaredRows,
  visitProducts,
} from './pairwise';

/** k(x, y) from x.y, x.x and y.y. */
export type Kernel = (xy: number, xx: number, yy: number) => number;

export type KernelEstimates = {
  /** May be negative; 0 in expectation where the distributions agree. */
  unbiased: number;
  /** Pairs of a point with itself included: at least 0. */
  biased: number;
};

/** Sum of the kernel over all pairs of different rows of x, or of x and y. */
const kernelSum = async (x: SquaredRows, y: SquaredRows, kernel: Kernel, options: PairSettings): Promise<number> => {
  let total = 0;
  await visitProducts(
    x,
    y,
    (products, { i0, i1, j0, j1 }) => {
      for (let i = i0; i < i1; i++) {
        const row = (i - i0) * (j1 - j0) - j0;
        let sum = 0;
        for (let j = x === y ? Math.max(j0, i + 1) : j0; j < j1; j++)
          sum += kernel(products[row + j], x.squares[i], y.squares[j]);
        total += sum; // row by row: sums of like size lose little
      }
    },
    options,
  );
  return x === y ? 2 * total : total;
};

/** Squared maximum mean discrepancy of two sets of rows (Gretton et al. 2012, section 2.2), two or more rows each. */
export const squaredMmd = async (
  x: SquaredRows,
  y: SquaredRows,
  kernel: Kernel,
  options: PairSettings,
): Promise<KernelEstimates> => {
  const [n, m] = [x.n, y.n];
  const xx = await kernelSum(x, x, kernel, passOptions(options, 0, 3));
  const yy = await kernelSum(y, y, kernel, passOptions(options, 1, 3));
  const xy = (await kernelSum(x, y, kernel, passOptions(options, 2, 3))) / (n * m);
  const own = ({ squares }: SquaredRows): number =>
    squares.reduce((sum, square) => sum + kernel(square, square, square), 0);
  return {
    unbiased: xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy,
    biased: (xx + own(x)) / n ** 2 + (yy + own(y)) / m ** 2 - 2 * xy,
  };
};

/** Options of `mmd`. */
export type MmdOptions = PairOptions & {
  /** Of the kernel, in the points' unit. */
  bandwidth: number;
};

/** `value` is the unbiased estimate. */
export type Mmd = Measurement & {
  /** The V-statistic, never negative. */
  biased: number;
  /** Of the kernel, in units of the points. */
  bandwidth: number;
};

/**
 * Squared maximum mean discrepancy with the Gaussian kernel exp(-|x - y|^2 / (2 bandwidth^2)) (Gretton et al. 2012).
 * @throws ArgumentError for unknown options, fewer than two points, different dimensions or numbers that are not finite
 */
export const mmd = async (samples: Points, reference: Points, options: MmdOptions): Promise<Mmd> => {
  const where = 'mmd';
  const checked = withDefaults<PairSettings & { bandwidth: number }>(where, options, {
    ...PAIR_DEFAULTS,
    bandwidth: NaN, // there is no usual one
  });
  const { bandwidth } = checked;
  expectNumber(where, 'bandwidth', bandwidth, { above: 0 });
  expectPair(where, samples, reference, 2);
  expectFinite(where, 'samples', samples);
  expectFinite(where, 'reference', reference);
  const centre = centreOf(reference); // distances do not change, and |x|^2 + |y|^2 - 2 x.y cancels less
  const scale = -0.5 / bandwidth ** 2;
  const kernel: Kernel = (xy, xx, yy) => Math.exp(scale * Math.max(0, xx + yy - 2 * xy));
  const { unbiased, biased } = await squaredMmd(
    rowsAbout(samples, centre),
    rowsAbout(reference, centre),
    kernel,
    checked,
  );
  return { value: unbiased, biased, bandwidth, n: samples.n, nReference: reference.n };
};
