/*
 * Dense products of row-major matrices in host memory, for metrics: by ONNX Runtime where it is installed, else by
 * blocked loops. Axes: n rows and m columns of the result, k terms of each sum.
 */
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type * as Ort from 'onnxruntime-node';
import { expectInteger, expectOneOf, fail } from '../check';
import { encodeOnnx } from './onnx-file';
import { runtime, runtimeProblem, SESSION_OPTIONS } from './runtime';

/** Numbers of a matrix, row by row. Both operands of a product are of one class, and so is the result. */
export type Numbers = Float32Array | Float64Array;

const PRODUCT_ENGINES = ['auto', 'runtime', 'loops'] as const;

export type ProductOptions<T extends Numbers> = {
  /** [n * m] where the result goes: fresh memory takes longer than a small product. */
  into?: T;
  /** Stops between pieces by throwing the signal's reason. */
  signal?: AbortSignal;
  /** Auto: ONNX Runtime where it is installed, but loops for small products. */
  engine?: (typeof PRODUCT_ENGINES)[number];
};

const SMALL = 2 ** 21; // multiplications that loops do in about the time that a session's call takes to pay off
const PIECE = { runtime: 2 ** 30, loops: 2 ** 25 }; // multiplications between two yields: about 30 ms

const sessions = new Map<string, Promise<Ort.InferenceSession>>();

/** One session for each element type, kept: a product is too short to open one for. */
const sessionFor = (type: 'float32' | 'float64'): Promise<Ort.InferenceSession> => {
  const known = sessions.get(type);
  if (known) return known;
  const bytes = encodeOnnx({
    nodes: [{ op: 'Gemm', domain: '', inputs: ['a', 'b'], outputs: ['c'], attributes: { transB: 1 } }],
    inputs: [
      { name: 'a', type, shape: ['n', 'k'] },
      { name: 'b', type, shape: ['m', 'k'] },
    ],
    outputs: [{ name: 'c', type, shape: ['n', 'm'] }],
    initializers: [],
  });
  const session = runtime().InferenceSession.create(bytes, {
    ...SESSION_OPTIONS,
    intraOpNumThreads: availableParallelism(), // nothing else computes while a metric does
  });
  sessions.set(type, session);
  return session;
};

/** A product of row blocks: a [rows, k] times b [columns, k] transposed, into c [rows, columns]. */
type Kernel<T extends Numbers> = (a: T, b: T, c: T, rows: number, columns: number, k: number) => Promise<void> | void;

const runtimeKernel = async <T extends Numbers>(sample: T): Promise<Kernel<T>> => {
  const { Tensor } = runtime();
  const type = sample instanceof Float64Array ? 'float64' : 'float32';
  const session = await sessionFor(type);
  const tensor = (data: T, shape: number[]): Ort.Tensor => new Tensor(type as 'float32', data as Float32Array, shape);
  return async (a, b, c, rows, columns, k) => {
    const feeds = { a: tensor(a, [rows, k]), b: tensor(b, [columns, k]) };
    await session.run(feeds, { c: tensor(c, [rows, columns]) });
  };
};

const DEPTH = 256; // terms of the sums at a time: rows of b that stay in the cache meanwhile
const TILE = 64;

/** Adds to c [rows, columns] the products of terms p0 to p1; two by four sums at once, for six numbers read. */
const addProducts = (
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  [columns, k]: number[],
  tile: number[],
): void => {
  const [i0, i1, j0, j1, p0, p1] = tile;
  for (let i = i0; i < i1; i += 2) {
    const a0 = i * k;
    const a1 = i + 1 < i1 ? a0 + k : a0; // the last odd row is computed twice and written once
    for (let j = j0; j < j1; j += 4) {
      const b0 = j * k;
      const b1 = j + 1 < j1 ? b0 + k : b0;
      const b2 = j + 2 < j1 ? b0 + 2 * k : b0;
      const b3 = j + 3 < j1 ? b0 + 3 * k : b0;
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0; // prettier-ignore
      for (let p = p0; p < p1; p++) {
        const x = a[a0 + p];
        const y = a[a1 + p];
        const b0p = b[b0 + p];
        const b1p = b[b1 + p];
        const b2p = b[b2 + p];
        const b3p = b[b3 + p];
        s00 += x * b0p;
        s01 += x * b1p;
        s02 += x * b2p;
        s03 += x * b3p;
        s10 += y * b0p;
        s11 += y * b1p;
        s12 += y * b2p;
        s13 += y * b3p;
      }
      const sums = [s00, s01, s02, s03, s10, s11, s12, s13];
      for (let row = i; row < Math.min(i1, i + 2); row++)
        for (let column = j; column < Math.min(j1, j + 4); column++)
          c[row * columns + column] += sums[4 * (row - i) + column - j];
    }
  }
};

const loopKernel = <T extends Numbers>(a: T, b: T, c: T, rows: number, columns: number, k: number): void => {
  const [left, right] = [a, b].map(x => (x instanceof Float64Array ? x : Float64Array.from(x))); // one class: one fast loop
  const sums = new Float64Array(rows * columns);
  for (let p = 0; p < k; p += DEPTH)
    for (let j = 0; j < columns; j += TILE) {
      const tile = [0, rows, j, Math.min(columns, j + TILE), p, Math.min(k, p + DEPTH)];
      addProducts(left, right, sums, [columns, k], tile);
    }
  c.set(sums);
};

/** Rows and columns of a piece: whole rows of the result where there are enough of them to read b for. */
const pieceSize = (n: number, m: number, k: number, limit: number): [rows: number, columns: number] => {
  const results = Math.max(1, Math.floor(limit / k));
  const enough = Math.min(n, 128);
  const columns = Math.max(1, Math.min(m, Math.floor(results / enough)));
  return [Math.min(n, Math.max(1, Math.floor(results / columns))), columns];
};

/**
 * A B^T [n, m] of a [n, k] and b [m, k], in their precision (loops sum float32 in float64). Work is cut into pieces of
 * about 30 ms, between which other things get their turn.
 * @throws ArgumentError when sizes and lengths disagree; the signal's reason; Error where `engine: 'runtime'` is asked
 * for and ONNX Runtime cannot be had
 */
export const productTransposed = async <T extends Numbers>(
  a: T,
  b: T,
  { n, m, k }: { n: number; m: number; k: number },
  { into, signal, engine = 'auto' }: ProductOptions<T> = {},
): Promise<T> => {
  const where = 'productTransposed';
  for (const [name, size] of Object.entries({ n, m, k })) expectInteger(where, name, size, { min: 1 });
  expectOneOf(where, 'engine', engine, PRODUCT_ENGINES);
  if (a.length !== n * k) fail(where, 'a', `n * k = ${n * k} numbers`, a.length);
  if (b.length !== m * k) fail(where, 'b', `m * k = ${m * k} numbers`, b.length);
  if (a.constructor !== b.constructor) fail(where, 'b', `a ${a.constructor.name} as a is`, b.constructor.name);
  if (into && (into.length !== n * m || into.constructor !== a.constructor))
    fail(where, 'into', `a ${a.constructor.name} of n * m = ${n * m} numbers`, into);
  const make = (length: number): T => new (a.constructor as new (length: number) => T)(length);
  const loops = engine === 'loops' || (engine === 'auto' && (n * m * k < SMALL || runtimeProblem() !== undefined));
  const kernel: Kernel<T> = loops ? loopKernel : await runtimeKernel(a);

  const [rows, columns] = pieceSize(n, m, k, PIECE[loops ? 'loops' : 'runtime']);
  const c = into ?? make(n * m);
  for (let i = 0; i < n; i += rows)
    for (let j = 0; j < m; j += columns) {
      if (i + j > 0) await setImmediate();
      signal?.throwIfAborted();
      const [height, width] = [Math.min(rows, n - i), Math.min(columns, m - j)];
      const whole = width === m; // the piece lies in one stretch of c
      const piece = whole ? (c.subarray(i * m, (i + height) * m) as T) : make(height * width);
      const left = a.subarray(i * k, (i + height) * k) as T;
      const right = b.subarray(j * k, (j + width) * k) as T;
      await kernel(left, right, piece, height, width, k);
      if (!whole)
        for (let row = 0; row < height; row++) c.set(piece.subarray(row * width, (row + 1) * width), (i + row) * m + j);
    }
  return c;
};

/** The transpose [columns, rows] of a [rows, columns]. */
export const transposed = <T extends Numbers>(a: T, rows: number, columns: number): T => {
  const result = new (a.constructor as new (length: number) => T)(a.length);
  const side = 16; // both sides of a block stay in the cache
  for (let i0 = 0; i0 < rows; i0 += side)
    for (let j0 = 0; j0 < columns; j0 += side) {
      const [i1, j1] = [Math.min(rows, i0 + side), Math.min(columns, j0 + side)];
      for (let j = j0; j < j1; j++) for (let i = i0; i < i1; i++) result[j * rows + i] = a[i * columns + j];
    }
  return result;
};

/** A B [n, m] of a [n, k] and b [k, m]; see productTransposed. */
export const product = <T extends Numbers>(
  a: T,
  b: T,
  { n, m, k }: { n: number; m: number; k: number },
  options: ProductOptions<T> = {},
): Promise<T> => productTransposed(a, transposed(b, k, m), { n, m, k }, options);

/** X^T X [d, d] of x [n, d]: sums of products of columns; see productTransposed. */
export const gram = <T extends Numbers>(
  x: T,
  { n, d }: { n: number; d: number },
  options: ProductOptions<T> = {},
): Promise<T> => {
  const columns = transposed(x, n, d);
  return productTransposed(columns, columns, { n: d, m: d, k: n }, options);
};
