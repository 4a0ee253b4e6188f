import type { Points } from '../compute/host-arrays';
import { expectInteger, withDefaults } from '../compute/check';
import { normal } from '../compute/noise';
import { expectFinite, expectPair, type Measurement } from './measurement';
import { transportCost } from './wasserstein-1d';

/** Options of `slicedWasserstein`. */
export type SlicedWassersteinOptions = {
  /** Random directions. */
  projections?: number;
  /** Of the directions: compare only values of one seed. */
  seed?: number;
};

/** The points' coordinates along a direction [d], sorted, written into `out` [n]. */
const project = ({ data, n, d }: Points, direction: ArrayLike<number>, out: Float64Array): Float64Array => {
  for (let i = 0; i < n; i++) {
    let along = 0;
    for (let k = 0; k < d; k++) along += data[i * d + k] * direction[k];
    out[i] = along;
  }
  return out.sort();
};

/**
 * Sliced 2-Wasserstein distance along given unit directions: the root of the mean over directions of the squared 1-D
 * distances. The sets may differ in size.
 * @throws ArgumentError for sets of different dimension or numbers that are not finite
 */
export const slicedWassersteinAlong = (samples: Points, reference: Points, directions: Points): Measurement => {
  const where = 'slicedWassersteinAlong';
  expectPair(where, samples, reference);
  expectPair(where, samples, directions);
  for (const [name, points] of Object.entries({ samples, reference, directions })) expectFinite(where, name, points);
  const [a, b] = [new Float64Array(samples.n), new Float64Array(reference.n)];
  let sum = 0;
  for (let p = 0; p < directions.n; p++) {
    const direction = directions.data.subarray(p * directions.d, (p + 1) * directions.d);
    sum += transportCost(project(samples, direction, a), project(reference, direction, b), 2);
  }
  return { value: Math.sqrt(sum / directions.n), n: samples.n, nReference: reference.n };
};

/** Directions uniform on the sphere, [count, d]. */
const randomDirections = (count: number, d: number, seed: number): Points => {
  const data = new Float32Array(count * d);
  for (let p = 0; p < count; p++) {
    const direction = normal({ seed, stream: 'metrics.slicedWasserstein', sample: p }, d);
    const length = Math.hypot(...direction);
    data.set(
      direction.map(v => v / length),
      p * d,
    );
  }
  return { data, n: count, d };
};

/**
 * Sliced 2-Wasserstein distance along random directions: sqrt( E_w W2^2(w.x, w.y) ), w uniform on the sphere.
 * A shift by v gives |v| / sqrt(d) in expectation. The sets may differ in size.
 * @throws ArgumentError for unknown options, sets of different dimension or numbers that are not finite
 */
export const slicedWasserstein = (
  samples: Points,
  reference: Points,
  options: SlicedWassersteinOptions = {},
): Measurement => {
  const where = 'slicedWasserstein';
  const { projections, seed } = withDefaults(where, options, { projections: 1000, seed: 0 });
  expectInteger(where, 'projections', projections, { min: 1 });
  expectPair(where, samples, reference);
  return slicedWassersteinAlong(samples, reference, randomDirections(projections, samples.d, seed));
};
