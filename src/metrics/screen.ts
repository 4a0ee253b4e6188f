/*
 * Products in float32 decide what they can about distances; where one comes nearer to a limit than their rounding it is
 * taken by differences in float64. So what follows is as from exact distances, whatever the blocks and the engine.
 */
import type { Points } from '../compute/host-arrays';
import type { Rows } from './pairwise';

/** Float32 rows about a centre, scaled by a power of two to lengths of at most 1; their squared lengths before rounding. */
export type Screen = Rows<Float32Array> & { squares: Float64Array };

/** One screen for each set, all about one centre [d] in one unit: a distance times `scale` is the screens' distance. */
export const screensAbout = (centre: Float64Array, sets: readonly Points[]): { scale: number; screens: Screen[] } => {
  const lengths = sets.map(({ data, n, d }) => {
    const squares = new Float64Array(n);
    for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) squares[i] += (data[i * d + k] - centre[k]) ** 2;
    return squares;
  });
  const longest = Math.sqrt(Math.max(...lengths.map(squares => squares.reduce((a, b) => Math.max(a, b)))));
  const scale = longest > 0 ? 2 ** -Math.ceil(Math.log2(longest)) : 1;
  const make = (length: number): Float32Array => new Float32Array(length);
  const screenOf = ({ data, n, d }: Points, set: number): Screen => ({
    n,
    d,
    squares: lengths[set].map(square => square * scale ** 2),
    make,
    reader: most => {
      const space = make(most * d);
      return (first, last) => {
        for (let i = first * d, to = 0; i < last * d; i += d)
          for (let k = 0; k < d; k++) space[to++] = (data[i + k] - centre[k]) * scale;
        return space.subarray(0, (last - first) * d);
      };
    },
  });
  return { scale, screens: sets.map(screenOf) };
};

/**
 * How far |x|^2 + |y|^2 - 2 x.y can be from |x - y|^2 at most, as a share of |x|^2 + |y|^2, where the product alone is
 * taken in float32: d roundings of its terms and sums (Higham 2002, section 3.1), two of the numbers, and a margin for float64.
 */
export const roundingShare = (d: number): number => 1.01 * (d + 6) * 2 ** -24;
export const UNDERFLOW = 2 ** -100; // the same of what is too small for float32, in units of the longest row
