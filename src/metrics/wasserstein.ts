import type { Points } from '../compute/host-arrays';
import { linearSumAssignment } from 'linear-sum-assignment';
import { Matrix } from 'ml-matrix';
import { fail } from '../compute/check';
import { expectFinite, expectPair, type Measurement } from './measurement';

/** The assignment takes time as n^3: about a second at 1000 points, ten at 2000. */
const mostPoints = 2000;

/**
 * Exact 2-Wasserstein distance between two sets of the same size:
 * W2 = sqrt( min over permutations p of mean_i |x_i - y_p(i)|^2 ), by an optimal assignment.
 * @throws ArgumentError when the sizes differ or exceed 2000 points, or numbers are not finite
 */
export const wasserstein = (samples: Points, reference: Points): Measurement => {
  expectPair('wasserstein', samples, reference);
  const { n, d } = samples;
  if (reference.n !== n) fail('wasserstein', 'reference.n', `that of the samples, ${n}`, reference.n);
  if (n > mostPoints) fail('wasserstein', 'n', `at most ${mostPoints} (slicedWasserstein takes more)`, n);
  expectFinite('wasserstein', 'samples', samples);
  expectFinite('wasserstein', 'reference', reference);

  const cost = Matrix.zeros(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += (samples.data[i * d + k] - reference.data[j * d + k]) ** 2;
      cost.set(i, j, sum);
    }
  const { gain } = linearSumAssignment(cost, { maximaze: false }); // the library's spelling
  return { value: Math.sqrt(Math.max(0, gain) / n), n, nReference: n };
};
