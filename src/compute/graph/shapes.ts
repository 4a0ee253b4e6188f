/* Arithmetic of shapes. */
import { type Shape, shapeSize } from '../host-arrays';

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** NumPy's broadcasting of two shapes. */
export const broadcastShapes = (a: Shape, b: Shape): number[] => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [p, q] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (p !== q && p !== 1 && q !== 1) throw new Error(`shapes [${a}] and [${b}] do not broadcast`);
    return p === 1 ? q : p;
  });
};

/** `shape` with 1 in place of every size along `axes`. */
export const keptShape = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((n, i) => (axes.includes(i) ? 1 : n));

/** Axes as non-negative numbers in increasing order; all of them for null. */
export const resolveAxes = (rank: number, axes: number | readonly number[] | null | undefined): number[] =>
  (axes === null || axes === undefined ? [...Array(rank).keys()] : [axes].flat())
    .map(axis => (axis < 0 ? axis + rank : axis))
    .sort((p, q) => p - q);

/** Cuts two shapes of one size into the smallest runs of equal size: pairs of [begin, end) in each. */
const alignedRuns = (a: Shape, b: Shape): [number, number, number, number][] => {
  const runs: [number, number, number, number][] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [i0, j0] = [i, j];
    let [p, q] = [a[i++] ?? 1, b[j++] ?? 1];
    while (p !== q) {
      if (p < q) p *= a[i++];
      else q *= b[j++];
    }
    runs.push([i0, Math.min(i, a.length), j0, Math.min(j, b.length)]);
  }
  return runs;
};

/**
 * A tensor of shape `small` is broadcast to `large` and then reshaped to `target`: the shape to which the small tensor
 * can be reshaped so that broadcasting it to `target` gives the same; undefined where there is none.
 */
export const reshapedBeforeBroadcast = (small: Shape, large: Shape, target: Shape): number[] | undefined => {
  if (shapeSize(large) === 0) return undefined;
  const result: number[] = [];
  for (const [i0, i1, j0, j1] of alignedRuns(large, target)) {
    const [part, whole] = [small.slice(i0, i1), large.slice(i0, i1)];
    if (shapeSize(part) === 1) result.push(...target.slice(j0, j1).map(() => 1));
    else if (sameShape(part, whole)) result.push(...target.slice(j0, j1));
    else return undefined;
  }
  return result;
};
