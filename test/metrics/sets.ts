import type { Points } from '../../src/compute/host-arrays';
import { normalRows } from '../../src/compute/noise';

/** n standard normal points of dimension d. */
export const normals = (n: number, d: number, seed: number): Points => ({
  data: normalRows({ seed, stream: 'test' }, 0, n, d),
  n,
  d,
});

/** Each point changed by a function of its coordinates. */
export const mapped = ({ data, n, d }: Points, change: (value: number, axis: number) => number): Points => ({
  data: data.map((value, i) => change(value, i % d)),
  n,
  d,
});

/** The same points in reverse order. */
export const reversed = ({ data, n, d }: Points): Points => ({
  data: Float32Array.from(data, (_, i) => data[(n - 1 - Math.floor(i / d)) * d + (i % d)]),
  n,
  d,
});

export const close = (actual: number, expected: number, relative: number): boolean =>
  Math.abs(actual - expected) <= relative * Math.max(1e-300, Math.abs(expected));
