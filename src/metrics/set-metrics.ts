import type { Points } from '../compute/host-arrays';
import { unknownName } from '../compute/check';
import { densityCoverage } from './density-coverage';
import type { FeatureStatistics } from './feature-statistics';
import { frechetDistance } from './frechet';
import { inceptionScore, SPLITS } from './inception-score';
import { kid } from './kid';
import { manifold, type Manifold } from './manifold';
import { precisionRecall } from './precision-recall';

/** What of a set of images a metric looks at. */
export type SetNeed = 'statistics' | 'points' | 'logits';

/** What is known of a set of n images; of the three at least what the metric needs. */
export type FeatureSet = {
  n: number;
  statistics?: FeatureStatistics;
  /** [n, d]. */
  points?: Points;
  /** [n, classes]. */
  logits?: Points;
};

/** A metric between two sets of images, seen through a feature network. */
export type SetMetric = {
  /** The numbers it gives, and which are the better ones. */
  results: Readonly<Record<string, 'smaller' | 'larger'>>;
  needs: SetNeed;
  /** Images that it needs of each set; default 2. */
  least?: number;
  /** Real images it is given: all there are, as many as samples, none. */
  reference: 'all' | 'as many' | 'none';
  measure: (
    samples: FeatureSet,
    reference: FeatureSet,
    signal?: AbortSignal,
  ) => Promise<{ values: Record<string, number>; options?: Record<string, number> }>;
};

/** Neighbours that density and coverage look at, the most of any metric. */
const NEIGHBOURS = 5;

/** The neighbours of a reference, found once for all blocks of samples and for pr and dc together. */
const manifolds = new WeakMap<Points, Manifold>();

const referenceManifold = async (points: Points, signal?: AbortSignal): Promise<Manifold> => {
  const found = manifolds.get(points) ?? (await manifold(points, { k: NEIGHBOURS, signal }));
  manifolds.set(points, found);
  return found;
};

/** Every metric of `evaluate` by name: a new one is a file of its own and an entry here. */
export const SET_METRICS = {
  fd: {
    results: { fd: 'smaller' },
    needs: 'statistics',
    reference: 'all',
    measure: async (samples, reference, signal) => {
      const { value } = await frechetDistance(samples.statistics!, reference.statistics!, { signal });
      return { values: { fd: value } };
    },
  },
  kid: {
    results: { kid: 'smaller' },
    needs: 'points',
    reference: 'all',
    measure: async (samples, reference, signal) => {
      const { value, subsets, subsetSize } = await kid(samples.points!, reference.points!, { signal });
      return { values: { kid: value }, options: { subsets, subsetSize } };
    },
  },
  is: {
    results: { is: 'larger' },
    needs: 'logits',
    least: SPLITS,
    reference: 'none',
    measure: samples => {
      const { value, splits } = inceptionScore(samples.logits!);
      return Promise.resolve({ values: { is: value }, options: { splits } });
    },
  },
  pr: {
    results: { precision: 'larger', recall: 'larger' },
    needs: 'points',
    least: NEIGHBOURS + 1,
    reference: 'as many',
    measure: async (samples, reference, signal) => {
      const real = await referenceManifold(reference.points!, signal);
      const { precision, recall, k } = await precisionRecall(samples.points!, real, { signal });
      return { values: { precision, recall }, options: { k } };
    },
  },
  dc: {
    results: { density: 'larger', coverage: 'larger' },
    needs: 'points',
    least: NEIGHBOURS + 1,
    reference: 'as many',
    measure: async (samples, reference, signal) => {
      const real = await referenceManifold(reference.points!, signal);
      const { density, coverage, k } = await densityCoverage(samples.points!, real, { signal });
      return { values: { density, coverage }, options: { k } };
    },
  },
} as const satisfies Record<string, SetMetric>;

/** A metric of two sets of features, by its short name. */
export type SetMetricName = keyof typeof SET_METRICS;

export const setMetricNames = Object.keys(SET_METRICS) as readonly SetMetricName[];

/**
 * The metric of a name.
 * @throws ArgumentError that lists the names there are
 */
export const setMetric = (name: string): SetMetric => {
  if (!Object.hasOwn(SET_METRICS, name)) throw unknownName('evaluate', 'metric', name, setMetricNames);
  return SET_METRICS[name as SetMetricName];
};
