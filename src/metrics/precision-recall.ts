import type { Points } from '../compute/host-arrays';
import { expectInteger, withDefaults } from '../compute/check';
import { asManifold, type Manifold, radiiOf } from './manifold';
import { expectFinite, expectPair } from './measurement';
import { membership } from './membership';
import { PAIR_DEFAULTS, type PairOptions, type PairSettings, passOptions } from './pairwise';

/** Options of `precisionRecall`. */
export type PrecisionRecallOptions = PairOptions & {
  /** A ball reaches its point's k-th nearest neighbour. */
  k?: number;
};

/** Fidelity (precision) and diversity (recall) by the manifolds of both sets. */
export type PrecisionRecall = {
  /** Share of samples inside a ball of the reference, 0 to 1. */
  precision: number;
  /** Share of reference points inside a ball of the samples, 0 to 1. */
  recall: number;
  k: number;
  n: number;
  nReference: number;
};

/**
 * Improved precision and recall (Kynkäänniemi et al. 2019; k = 3 as there): of each set, the share that lies strictly
 * inside at least one ball of the other. Compare only values of one k and of the same set sizes. Distances are exact; two
 * or three passes over all pairs of points, fewer where a set is given as its `manifold`.
 * @throws ArgumentError for unknown options, k of n or more or above a manifold's, different dimensions or numbers that are
 * not finite
 */
export const precisionRecall = async (
  samples: Points | Manifold,
  reference: Points | Manifold,
  options: PrecisionRecallOptions = {},
): Promise<PrecisionRecall> => {
  const where = 'precisionRecall';
  const { k, ...pairs } = withDefaults<PairSettings & { k: number }>(where, options, { ...PAIR_DEFAULTS, k: 3 });
  expectPair(where, samples, reference, 2);
  const { n } = samples;
  expectInteger(where, 'k', k, { min: 1, max: Math.min(n, reference.n) - 1 });
  expectFinite(where, 'samples', samples);
  expectFinite(where, 'reference', reference);

  const real = await asManifold(where, 'reference', reference, k, passOptions(pairs, 0, 3));
  const made = await asManifold(where, 'samples', samples, k, passOptions(pairs, 1, 3));
  const radii = { samples: radiiOf(made, k), reference: radiiOf(real, k) };
  const { containing, covered } = await membership(samples, reference, radii, passOptions(pairs, 2, 3));
  return {
    precision: containing.reduce((count, balls) => count + Number(balls > 0), 0) / n,
    recall: covered.reduce((a, b) => a + b, 0) / reference.n,
    k,
    n,
    nReference: reference.n,
  };
};
