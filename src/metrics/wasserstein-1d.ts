import type { Points } from '../compute/host-arrays';
import { fail } from '../compute/check';
import { expectFinite, expectPair, type Measurement } from './measurement';

/**
 * What it costs to move one sorted set of numbers onto another, of any sizes, when a distance costs its `power`:
 * the integral of |difference|^power of the two quantile functions.
 */
export const transportCost = (a: Float64Array, b: Float64Array, power: 1 | 2): number => {
  const [n, m] = [a.length, b.length];
  let sum = 0;
  // in units of 1/(n m) of mass, value a[i] lasts m units and b[j] lasts n
  for (let i = 0, j = 0, at = 0; i < n && j < m;) {
    const next = Math.min((i + 1) * m, (j + 1) * n);
    const distance = Math.abs(a[i] - b[j]);
    sum += (next - at) * (power === 1 ? distance : distance ** 2);
    at = next;
    if (at === (i + 1) * m) i++;
    if (at === (j + 1) * n) j++;
  }
  return sum / (n * m);
};

/**
 * Exact 1-Wasserstein distance between two sets of numbers [n, 1]: the area between their distribution functions.
 * The sets may differ in size.
 * @throws ArgumentError when the points have another dimension than 1 or are not finite
 */
export const wasserstein1d = (samples: Points, reference: Points): Measurement => {
  const where = 'wasserstein1d';
  expectPair(where, samples, reference);
  if (samples.d !== 1) fail(where, 'samples.d', '1 (slicedWasserstein takes more)', samples.d);
  expectFinite(where, 'samples', samples);
  expectFinite(where, 'reference', reference);
  const [a, b] = [Float64Array.from(samples.data).sort(), Float64Array.from(reference.data).sort()];
  return { value: transportCost(a, b, 1), n: samples.n, nReference: reference.n };
};
