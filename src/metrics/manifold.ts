import type { Points } from '../compute/host-arrays';
import { expectInteger, fail, withDefaults } from '../compute/check';
import { expectFinite, expectPoints } from './measurement';
import {
  centreOf,
  PAIR_DEFAULTS,
  type PairOptions,
  type PairSettings,
  squaredDistance,
  visitProducts,
} from './pairwise';
import { roundingShare, screensAbout, UNDERFLOW } from './screen';

/**
 * A set of points as the union of balls that reach their k-th nearest neighbours: points together with the distances to
 * their nearest neighbours. It stands wherever points do, and saves finding the neighbours again.
 */
export type Manifold = Points & {
  /** Which neighbour the radii reach to. */
  k: number;
  /** [n * k] distances to the k nearest other points, rising along a row. */
  nearest: Float64Array;
};

/** Puts a squared distance into a rising row of the k smallest; returns the row's largest. */
const insert = (squares: Float64Array, row: number, k: number, square: number): number => {
  const last = (row + 1) * k - 1;
  if (square < squares[last]) {
    let at = last;
    for (; at > row * k && squares[at - 1] > square; at--) squares[at] = squares[at - 1];
    squares[at] = square;
  }
  return squares[last];
};

/** Options of `manifold`. */
export type ManifoldOptions = PairOptions & {
  /** Neighbours found; smaller k are then known too. */
  k?: number;
};

/**
 * The distances of each point to its k nearest others, itself not counted; equal points are neighbours at distance 0.
 * @throws ArgumentError for unknown options, k of n or more or numbers that are not finite
 */
export const manifold = async (points: Points, options: ManifoldOptions = {}): Promise<Manifold> => {
  const where = 'manifold';
  const { k, ...pairs } = withDefaults<PairSettings & { k: number }>(where, options, { ...PAIR_DEFAULTS, k: 5 });
  expectPoints(where, 'points', points, 2);
  expectInteger(where, 'k', k, { min: 1, max: points.n - 1 });
  expectFinite(where, 'points', points);
  const { scale, screens } = screensAbout(centreOf(points), [points]);
  const { squares: lengths } = screens[0];
  const squares = new Float64Array(points.n * k).fill(Infinity);
  const limits = new Float64Array(points.n).fill(Infinity); // of scaled squares: what could still be among the nearest
  const keep = 1 - roundingShare(points.d);

  const consider = (row: number, square: number): void => {
    const largest = insert(squares, row, k, square);
    limits[row] = largest > 0 ? largest * scale ** 2 + UNDERFLOW : -Infinity; // nothing is nearer than 0
  };
  await visitProducts(
    screens[0],
    screens[0],
    (products, { i0, i1, j0, j1 }) => {
      for (let i = i0; i < i1; i++) {
        const row = (i - i0) * (j1 - j0) - j0;
        for (let j = Math.max(j0, i + 1); j < j1; j++) {
          const least = keep * (lengths[i] + lengths[j]) - 2 * products[row + j];
          if (least > limits[i] && least > limits[j]) continue;
          const square = squaredDistance(points, i, points, j);
          consider(i, square);
          consider(j, square);
        }
      }
    },
    pairs,
  );
  return { ...points, k, nearest: squares.map(Math.sqrt) };
};

/** The points as a manifold of k neighbours or more: themselves, where they are one. */
export const asManifold = async (
  where: string,
  name: string,
  points: Points | Manifold,
  k: number,
  options: PairSettings,
): Promise<Manifold> => {
  if (!('nearest' in points)) return manifold(points, { ...options, k });
  if (points.k < k) fail(where, 'k', `at most that of the manifold given as ${name}, ${points.k}`, k);
  if (points.nearest.length !== points.n * points.k)
    fail(where, `${name}.nearest`, `n * k = ${points.n * points.k} numbers`, points.nearest.length);
  return points;
};

/** Distance of each point to its k-th nearest other [n]. */
export const radiiOf = ({ n, k, nearest }: Manifold, rank: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => nearest[i * k + rank - 1]);
