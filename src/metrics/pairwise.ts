/* Products of all pairs of rows, block by block. Axes: i rows of x [n, d], j rows of y [m, d]. */
import type { Points } from '../compute/host-arrays';
import { setImmediate } from 'node:timers/promises';
import { expectInteger } from '../compute/check';
import { type Numbers, productTransposed } from '../compute/onnx';

/** How distances between all pairs of two sets are computed. */
export type PairOptions = {
  /** Rows of one set at a time, with four times as many of the other: memory, and results to rounding. */
  block?: number;
  /** Stops between blocks by throwing the signal's reason. */
  signal?: AbortSignal;
  /** 0 to 1, of the whole call. */
  onProgress?: (share: number) => void;
};

export type PairSettings = PairOptions & { block: number };

export const PAIR_DEFAULTS: PairSettings = { block: 512, signal: undefined, onProgress: undefined };

/** Rows as products read them. */
export type Rows<T extends Numbers> = {
  n: number;
  d: number;
  make: (length: number) => T;
  /** Gives rows first .. last - 1, `most` of them or fewer, in memory of its own: that of the reading before. */
  reader: (most: number) => (first: number, last: number) => T;
};

/** Rows i0 .. i1 - 1 of x by rows j0 .. j1 - 1 of y: x_i . y_j is at (i - i0) (j1 - j0) + j - j0. */
export type Block = { i0: number; i1: number; j0: number; j1: number };

const TALL = 4; // blocks of x at a time: reading y's rows costs a fifth of their products with one

/**
 * Visits every product x_i . y_j. When y is x itself, only blocks on and above the diagonal: every pair i < j, with some
 * others that the visitor passes over. The products' memory is used again for the next block.
 */
export const visitProducts = async <T extends Numbers>(
  x: Rows<T>,
  y: Rows<T>,
  visit: (products: T, block: Block) => void,
  { block, signal, onProgress }: PairSettings,
): Promise<void> => {
  expectInteger('visitProducts', 'block', block, { min: 1 });
  const { d } = x;
  const itself = x === y;
  const [height, width] = [Math.min(TALL * block, x.n), Math.min(block, y.n)];
  const [left, right] = [x.reader(height), y.reader(width)];
  const space = x.make(height * width);
  let [done, total] = [0, 0];
  for (let j0 = 0; j0 < y.n; j0 += width) {
    const j1 = Math.min(y.n, j0 + width);
    total += (itself ? j1 : x.n) * (j1 - j0);
  }
  for (let top = 0; top < x.n; top += height) {
    const bottom = Math.min(x.n, top + height);
    const a = left(top, bottom);
    for (let j0 = itself ? top : 0; j0 < y.n; j0 += width) {
      signal?.throwIfAborted();
      const j1 = Math.min(y.n, j0 + width);
      const i1 = itself ? Math.min(bottom, j1) : bottom;
      const [n, m] = [i1 - top, j1 - j0];
      const here = itself && j1 <= bottom; // y's rows are among x's
      const b = here ? (a.subarray((j0 - top) * d, (j1 - top) * d) as T) : right(j0, j1);
      const into = space.subarray(0, n * m) as T;
      await productTransposed(a.subarray(0, n * d) as T, b, { n, m, k: d }, { into, signal });
      visit(into, { i0: top, i1, j0, j1 });
      done += n * m;
      onProgress?.(done / total);
      await setImmediate();
    }
  }
};

/** The options of pass `index` of `passes` alike: its progress is a part of the whole. */
export const passOptions = (options: PairSettings, index: number, passes: number): PairSettings => ({
  ...options,
  onProgress: share => options.onProgress?.((index + share) / passes),
});

/** Mean of the points [d]. */
export const centreOf = ({ data, n, d }: Points): Float64Array => {
  const centre = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) centre[k] += data[i * d + k] / n;
  return centre;
};

/** |x_i - y_j|^2 by differences, in float64: free of cancellation, the same whatever the order and the blocks. */
export const squaredDistance = (x: Points, i: number, y: Points, j: number): number => {
  const { d } = x;
  const [a, b, at, to] = [x.data, y.data, i * d, j * d];
  let sum = 0;
  for (let k = 0; k < d; k++) {
    const difference = a[at + k] - b[to + k];
    sum += difference * difference;
  }
  return sum;
};

/** Float64 rows with their squared lengths. */
export type SquaredRows = Rows<Float64Array> & { squares: Float64Array };

/** Rows of the points about a centre [d], converted as they are read: no second copy of a set is held. */
export const rowsAbout = ({ data, n, d }: Points, centre: Float64Array): SquaredRows => {
  const make = (length: number): Float64Array => new Float64Array(length);
  const squares = make(n);
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) squares[i] += (data[i * d + k] - centre[k]) ** 2;
  const reader: SquaredRows['reader'] = most => {
    const space = make(most * d);
    return (first, last) => {
      for (let i = first * d, to = 0; i < last * d; i += d)
        for (let k = 0; k < d; k++) space[to++] = data[i + k] - centre[k];
      return space.subarray(0, (last - first) * d);
    };
  };
  return { n, d, squares, make, reader };
};

/** Chosen rows in the order of their indices, held as float64: for a subset that is read several times. */
export const rowsAt = ({ data, d }: Points, indices: ArrayLike<number>): SquaredRows => {
  const n = indices.length;
  const make = (length: number): Float64Array => new Float64Array(length);
  const [held, squares] = [make(n * d), make(n)];
  for (let i = 0; i < n; i++)
    for (let k = 0; k < d; k++) {
      const value = (held[i * d + k] = data[indices[i] * d + k]);
      squares[i] += value * value;
    }
  return { n, d, squares, make, reader: () => (first, last) => held.subarray(first * d, last * d) };
};
