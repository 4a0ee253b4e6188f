import { unknownName } from '../compute/check';
import type { FeatureStatistics } from './feature-statistics';
import { frechetDistance } from './frechet';
import type { Points } from './measurement';

/** What of a set of images a metric looks at. */
export type SetNeed = 'statistics' | 'points' | 'logits';

/** What is known of a set of n images; of the three at least what the metric needs. */
export type FeatureSet = {
  n: number;
  statistics?: FeatureStatistics;
  points?: Points; // [n, d]
  logits?: Points; // [n, classes]
};

/** A metric between two sets of images, seen through a feature network. */
export type SetMetric = {
  results: Readonly<Record<string, 'smaller' | 'larger'>>; // the numbers it gives, and which are the better ones
  needs: SetNeed;
  reference: 'all' | 'as many' | 'none'; // real images it is given: all there are, as many as samples, none
  measure: (
    samples: FeatureSet,
    reference: FeatureSet,
    signal?: AbortSignal,
  ) => Promise<{ values: Record<string, number>; options?: Record<string, number> }>;
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
} as const satisfies Record<string, SetMetric>;

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
