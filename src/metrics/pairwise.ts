/* Products of all pairs of rows, block by block. Axes: i rows of x [n, d], j rows of y [m, d]. */
import { setImmediate } from 'node:timers/promises';
import { expectInteger } from '../compute/check';
import type { Numbers } from '../compute/products';
import { productTransposed } from '../compute/products';
import type { Points } from './measurement';

export type PairOptions = {
  block?: number; // rows of either set at a time: memory, and results to rounding
  signal?: AbortSignal; // stops between blocks by throwing the signal's reason
  onProgress?: (share: number) => void; // 0 to 1, of the whole call
};

export type PairSettings = PairOptions & { block: number };

export const PAIR_DEFAULTS: PairSettings = { block: 512, signal: undefined, onProgress: undefined };

/** Rows as a product reads them: converted block by block, so that no second copy of a set is held. */
export type Rows<T extends Numbers> = {
  n: number;
  d: number;
  make: (length: number) => T;
  read: (first: number, last: number, out: T) => void; // rows first .. last - 1
};

/** Rows i0 .. i1 - 1 of x by rows j0 .. j1 - 1 of y: x_i . y_j is at (i - i0) (j1 - j0) + j - j0. */
export type Block = { i0: number; i1: number; j0: number; j1: number };

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
  const { d, make } = x;
  const [rows, columns] = [Math.min(block, x.n), Math.min(block, y.n)];
  const [left, right, all] = [make(rows * d), make(columns * d), make(rows * columns)];
  const starts = { x: Math.ceil(x.n / block), y: Math.ceil(y.n / block) };
  const blocks = x === y ? (starts.x * (starts.x + 1)) / 2 : starts.x * starts.y;
  let done = 0;
  for (let i0 = 0; i0 < x.n; i0 += block) {
    const i1 = Math.min(x.n, i0 + block);
    const a = left.subarray(0, (i1 - i0) * d) as T;
    x.read(i0, i1, a);
    for (let j0 = x === y ? i0 : 0; j0 < y.n; j0 += block) {
      signal?.throwIfAborted();
      const j1 = Math.min(y.n, j0 + block);
      const b = right.subarray(0, (j1 - j0) * d) as T;
      y.read(j0, j1, b);
      const into = all.subarray(0, (i1 - i0) * (j1 - j0)) as T;
      await productTransposed(a, b, { n: i1 - i0, m: j1 - j0, k: d }, { into, signal });
      visit(into, { i0, i1, j0, j1 });
      onProgress?.(++done / blocks);
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

/** Rows about a centre [d] (default the origin); `indices` chooses and orders them (default all). */
export const rowsAbout = (
  { data, n, d }: Points,
  centre: Float64Array = new Float64Array(d),
  indices?: ArrayLike<number>,
): SquaredRows => {
  const count = indices?.length ?? n;
  const squares = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const at = (indices ? indices[i] : i) * d;
    for (let k = 0; k < d; k++) squares[i] += (data[at + k] - centre[k]) ** 2;
  }
  const read = (first: number, last: number, out: Float64Array): void => {
    for (let i = first, to = 0; i < last; i++) {
      const at = (indices ? indices[i] : i) * d;
      for (let k = 0; k < d; k++) out[to++] = data[at + k] - centre[k];
    }
  };
  return { n: count, d, squares, make: length => new Float64Array(length), read };
};
