import type { Points } from '../compute/host-arrays';
import { expectInteger, withDefaults } from '../compute/check';
import { asManifold, type Manifold, radiiOf } from './manifold';
import { expectFinite, expectPair } from './measurement';
import { membership } from './membership';
import { PAIR_DEFAULTS, type PairOptions, type PairSettings, passOptions } from './pairwise';

/** Options of `densityCoverage`. */
export type DensityCoverageOptions = PairOptions & {
  /** A ball reaches its point's k-th nearest neighbour. */
  k?: number;
};

/** Fidelity and diversity by the neighbours of real points. */
export type DensityCoverage = {
  /** Balls of the reference around a sample, mean, over k: about 1 for equal distributions, may be above. */
  density: number;
  /** Share of reference points with a sample inside their ball, 0 to 1. */
  coverage: number;
  k: number;
  n: number;
  nReference: number;
};

/**
 * Density and coverage (Naeem et al. 2020; k = 5 as there): balls about reference points alone, which samples far from
 * everything cannot stretch. Between sets of one distribution and size, coverage is near 1 - 2^-k. Distances are
 * exact; two passes over all pairs of points, one where the reference is given as its `manifold`.
 * @throws ArgumentError for unknown options, k of n or more or above a manifold's, different dimensions or numbers that are
 * not finite
 */
export const densityCoverage = async (
  samples: Points,
  reference: Points | Manifold,
  options: DensityCoverageOptions = {},
): Promise<DensityCoverage> => {
  const where = 'densityCoverage';
  const { k, ...pairs } = withDefaults<PairSettings & { k: number }>(where, options, { ...PAIR_DEFAULTS, k: 5 });
  expectPair(where, samples, reference);
  const { n } = samples;
  expectInteger(where, 'k', k, { min: 1, max: reference.n - 1 });
  expectFinite(where, 'samples', samples);
  expectFinite(where, 'reference', reference);

  const real = await asManifold(where, 'reference', reference, k, passOptions(pairs, 0, 2));
  const { containing, occupied } = await membership(
    samples,
    reference,
    { reference: radiiOf(real, k) },
    passOptions(pairs, 1, 2),
  );
  return {
    density: containing.reduce((a, b) => a + b, 0) / (n * k),
    coverage: occupied.reduce((a, b) => a + b, 0) / reference.n,
    k,
    n,
    nReference: reference.n,
  };
};
