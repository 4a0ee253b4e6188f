import { type FeatureSet, metricResult, type MetricResult, type SetMetric } from '../metrics';
import { beginMaking, distinctMadeBy, type MadeBy } from '../provenance';
import { type EvaluateOptions, type EvaluationPlan, type EvaluationProgress, planEvaluation } from './evaluation-plan';
import { featureStore, type FeatureStore, IMAGE_CODE, type ImageRange } from './feature-store';
import { plannedResults } from './planned-results';

/** Numbers of one block by name, each with the options it was taken with. */
type Measured = Record<string, { value: number; options: Record<string, number> }>;

const needsOf = (metrics: readonly SetMetric[]): Set<SetMetric['needs']> => new Set(metrics.map(({ needs }) => needs));

/** The reference as a kind of metric is given it. */
type References = Record<SetMetric['reference'], FeatureSet>;

const referencesOf = (whole: FeatureSet, n: number): References => {
  const { points } = whole;
  const part = points && { data: points.data.subarray(0, n * points.d), n, d: points.d };
  return { all: whole, 'as many': part && n < whole.n ? { n, points: part } : whole, none: { n: 0 } };
};

const measure = async (
  metrics: readonly SetMetric[],
  samples: FeatureSet,
  references: References,
  signal?: AbortSignal,
): Promise<Measured> => {
  const measured: Measured = {};
  for (const metric of metrics) {
    const { values, options = {} } = await metric.measure(samples, references[metric.reference], signal);
    for (const [name, value] of Object.entries(values)) measured[name] = { value, options };
  }
  return measured;
};

/** What the metrics need of the reference. */
const collectReference = async (
  { metrics, stored, nReference, n }: EvaluationPlan,
  { reference, onProgress }: EvaluateOptions,
  store: FeatureStore,
): Promise<FeatureSet> => {
  if ('covariance' in reference) return { n: nReference, statistics: reference };
  const comparing = metrics.filter(metric => metric.reference !== 'none');
  if (!stored || comparing.length === 0) return { n: 0 };
  const total = comparing.some(metric => metric.reference === 'all') ? nReference : Math.min(n, nReference);
  return store.collect({ source: stored, first: 0, n: total }, needsOf(comparing), (done, made) =>
    onProgress?.({ stage: 'reference', done, total, made }),
  );
};

/** Measures `count` ranges of n images, the second behind the first. */
const measureBlocks = async (
  metrics: readonly SetMetric[],
  { count, ...range }: ImageRange & { count: number },
  references: References,
  store: FeatureStore,
  { stage, signal, onProgress }: Pick<EvaluateOptions, 'signal' | 'onProgress'> & Pick<EvaluationProgress, 'stage'>,
): Promise<Measured[]> => {
  const blocks: Measured[] = [];
  let before = 0;
  for (let b = 0; b < count; b++) {
    let made = 0;
    const { first, n } = range;
    const samples = await store.collect({ ...range, first: first + b * n }, needsOf(metrics), (done, now) => {
      made = now;
      onProgress?.({ stage, done: b * n + done, total: count * n, made: before + made });
    });
    before += made;
    blocks.push(await measure(metrics, samples, references, signal));
  }
  return blocks;
};

/**
 * Measures images by metrics against real ones: blocks of n images of seeds of their own, each block against the same
 * reference. Images are bytes, as they would be stored. What is held is one chunk of images, and the reference's and one
 * block's features where a metric looks at single images (kid, pr, dc), else their statistics.
 *
 * The floor of a metric is its value for n other real images in place of those measured: of `real`, or of the reference's
 * data set behind the first `nReference`; disjoint blocks, as many as there are up to `blocks`; none where fewer than n
 * are left. Each result says what made it and the features it is of: those of real images may be older.
 * @returns a result for each number of each metric, in the order of `metrics`
 * @throws ArgumentError for unknown metrics and options, too few images, images of another shape than the reference's,
 * statistics of other features
 * @example
 * const extractor = await loadFeatures('digits');
 * const results = await evaluate({ images, reference: dataset, nReference: 10_000, extractor, metrics: ['fd', 'kid'], n: 2000 });
 */
export const evaluate = async (given: EvaluateOptions): Promise<MetricResult[]> => {
  const plan = planEvaluation(given);
  const done = beginMaking(IMAGE_CODE);
  const { metrics, real, n, blocks, seed, chunk } = plan;
  const { images, reference, extractor, cache: folder, batch, keep, signal, onProgress } = given;
  const makers: MadeBy[] = [];
  const kept = featureStore({ extractor, folder, chunk, batch, signal });
  const store: FeatureStore = {
    collect: async (...range) => {
      const collected = await kept.collect(...range);
      makers.push(...collected.madeBy);
      return collected;
    },
  };
  const references = referencesOf(await collectReference(plan, given, store), n);
  const measuredOf = (stage: EvaluationProgress['stage'], ranges: ImageRange & { count: number }) =>
    measureBlocks(metrics, ranges, references, store, { stage, signal, onProgress });
  const { source, first, count } = real;
  const floors = source ? await measuredOf('real', { source, first, n, count }) : [];
  const values = await measuredOf('measured', { source: images, first: seed, n, count: blocks, keep });

  if ('covariance' in reference) makers.push(...(reference.madeBy ?? []));
  const madeBy = distinctMadeBy([...makers, done(makers)]);
  return plannedResults(plan, given).map(({ metric, smallerIsBetter, n: size, nReference, ...planned }) =>
    metricResult({
      metric,
      blocks: values.map(block => block[metric].value),
      smallerIsBetter,
      n: size,
      nReference,
      options: values[0][metric].options,
      ...planned,
      floorBlocks: floors.map(block => block[metric].value),
      madeBy,
    }),
  );
};
