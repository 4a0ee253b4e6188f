import type { Points } from '../compute/host-arrays';
import { centreOf, type PairSettings, squaredDistance, visitProducts } from './pairwise';
import { roundingShare, screensAbout, UNDERFLOW } from './screen';

/** Who lies strictly inside whose balls. */
export type Membership = {
  /** [samples.n] balls of the reference around each sample. */
  containing: Uint32Array;
  /** [reference.n] 1 where a sample lies in the reference point's ball. */
  occupied: Uint8Array;
  /** [reference.n] 1 where the reference point lies in a sample's ball; 0 without samples' radii. */
  covered: Uint8Array;
};

/** Squared radii in the screen's unit; a ball of radius 0 contains nothing. */
const limitsOf = (radii: Float64Array, scale: number): Float64Array =>
  radii.map(radius => (radius > 0 ? (radius * scale) ** 2 : -Infinity));

/** Every sample against every ball of the reference and, where the samples have radii, the other way round. */
export const membership = async (
  samples: Points,
  reference: Points,
  radii: { samples?: Float64Array; reference: Float64Array },
  options: PairSettings,
): Promise<Membership> => {
  const { scale, screens } = screensAbout(centreOf(reference), [samples, reference]);
  const [a, b] = screens.map(screen => screen.squares);
  const sampleRadii = radii.samples ?? new Float64Array(samples.n);
  const [sampleLimits, referenceLimits] = [limitsOf(sampleRadii, scale), limitsOf(radii.reference, scale)];
  const share = roundingShare(reference.d);
  const result = {
    containing: new Uint32Array(samples.n),
    occupied: new Uint8Array(reference.n),
    covered: new Uint8Array(reference.n),
  };
  await visitProducts(
    screens[0],
    screens[1],
    (products, { i0, i1, j0, j1 }) => {
      for (let i = i0; i < i1; i++) {
        const row = (i - i0) * (j1 - j0) - j0;
        for (let j = j0; j < j1; j++) {
          const lengths = a[i] + b[j];
          const square = lengths - 2 * products[row + j];
          const rounding = share * lengths + UNDERFLOW;
          const least = square - rounding;
          if (least > referenceLimits[j] && least > sampleLimits[i]) continue;
          const most = square + rounding;
          const inside = (limit: number, radius: number): boolean =>
            most < limit || (least <= limit && Math.sqrt(squaredDistance(samples, i, reference, j)) < radius);
          if (inside(referenceLimits[j], radii.reference[j])) {
            result.containing[i]++;
            result.occupied[j] = 1;
          }
          if (inside(sampleLimits[i], sampleRadii[i])) result.covered[j] = 1;
        }
      }
    },
    options,
  );
  return result;
};
