import { featureIdentity, type MetricResult, type ReferenceStatistics, type SetMetric, type Source } from '../metrics';
import type { EvaluateOptions, EvaluationPlan } from './evaluation-plan';

/** What is known of a result before anything is measured. */
export type PlannedResult = Pick<
  MetricResult,
  'metric' | 'smallerIsBetter' | 'n' | 'nReference' | 'features' | 'reference' | 'seeds' | 'floorOf'
>;

/** Where statistics come from, and a warning where the file does not say of what features they are. */
const sourceOf = ({ source, features }: ReferenceStatistics): Source =>
  features ? source : { ...source, features: 'not said: taken to be the same' };

/** Real images that a metric of such a reference is given; null: not known. */
const referenceSizes = ({ n, nReference }: EvaluationPlan): Record<SetMetric['reference'], number | null> => {
  const all = Number.isNaN(nReference) ? null : nReference;
  return { all, 'as many': all === null ? null : Math.min(n, all), none: 0 };
};

/** The results of an evaluation but for what is measured, in their order. */
export const plannedResults = (
  plan: EvaluationPlan,
  { extractor, reference: given }: Pick<EvaluateOptions, 'extractor' | 'reference'>,
): PlannedResult[] => {
  const { metrics, stored, real, n, blocks, seed } = plan;
  const sizes = referenceSizes(plan);
  const against = stored ? stored.identity : 'covariance' in given ? sourceOf(given) : null;
  return metrics.flatMap(({ results, reference }) =>
    Object.entries(results).map(([metric, better]) => ({
      metric,
      smallerIsBetter: better === 'smaller',
      n,
      nReference: sizes[reference],
      features: featureIdentity(extractor),
      reference: reference === 'none' ? null : against,
      seeds: Array.from({ length: blocks }, (_, b) => ({ first: seed + b * n, last: seed + (b + 1) * n - 1 })),
      floorOf: real.of,
    })),
  );
};
