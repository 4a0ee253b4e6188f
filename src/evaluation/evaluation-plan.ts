/* What an evaluation is asked for, checked before any work, and what images it needs. */
import { expectInteger, expectKeys, fail } from '../compute/check';
import type { Dataset } from '../datasets';
import {
  expectSameFeatures,
  type FeatureExtractor,
  featureIdentity,
  type ReferenceStatistics,
  setMetric,
  type SetMetric,
} from '../metrics';
import type { ImageWriter } from './feature-store';
import { datasetImages, type ImageSource } from './numbered-images';

/** How far a stage is, in images; `made` of the `done` were made by this call, the others found in the cache. */
export type EvaluationProgress = {
  stage: 'reference' | 'real' | 'measured';
  done: number;
  total: number;
  made: number;
};

/** Options of `evaluate`. */
export type EvaluateOptions = {
  /** What is measured. */
  images: ImageSource;
  /** Real images, read in one fixed random order, or what is kept of them. */
  reference: Dataset | ReferenceStatistics;
  /** Real images of a reference data set; default all, 10,000 of an endless one. */
  nReference?: number;
  /** Real images for the floor, none of them in the reference; default: those the reference leaves out. */
  real?: Dataset;
  /** Stays the caller's. */
  extractor: FeatureExtractor;
  /** Names of SET_METRICS. */
  metrics: readonly string[];
  /** Images of one block of seeds. */
  n: number;
  /** Blocks of seeds, each measured alone, default 3. */
  blocks?: number;
  /** Block b has the seeds seed + b n to seed + (b + 1) n - 1; default 0. */
  seed?: number;
  /** Folder for finished features; default: none are kept. */
  cache?: string;
  /** Images between two savings, default 500: all that an interruption loses. */
  chunk?: number;
  /** Images the extractor takes at a time: memory, never results. */
  batch?: number;
  /** Gets the images that are measured. */
  keep?: ImageWriter;
  /** Stops by throwing the signal's reason; with a cache, the same call goes on. */
  signal?: AbortSignal;
  onProgress?: (progress: EvaluationProgress) => void;
};

const OPTIONS = [
  ...['images', 'reference', 'nReference', 'real', 'extractor', 'metrics', 'n', 'blocks', 'seed', 'cache', 'chunk'],
  ...['batch', 'keep', 'signal', 'onProgress'],
];

const where = 'evaluate';

/** Real images that an endless data set's reference has, unless told otherwise. */
const ENDLESS_REFERENCE = 10_000;

/** Blocks of real images outside the reference, one behind the other from `first` on. */
type RealBlocks = { source: ImageSource | undefined; first: number; count: number; of: string };

export type EvaluationPlan = {
  metrics: readonly SetMetric[];
  /** The reference's images; undefined where only its statistics are known. */
  stored: ImageSource | undefined;
  nReference: number;
  real: RealBlocks;
  n: number;
  blocks: number;
  seed: number;
  chunk: number;
};

const planReal = (
  given: ImageSource | undefined,
  stored: ImageSource | undefined,
  { nReference, n, blocks }: { nReference: number; n: number; blocks: number },
): RealBlocks => {
  const source = given ?? stored;
  if (!source) return { source, first: 0, count: 0, of: 'none: of the reference only its statistics are known' };
  const first = given ? 0 : nReference;
  const left = source.length - first;
  const count = Math.min(blocks, Math.floor(left / n));
  const { name, split } = source.identity;
  const whose = split === undefined ? `'${name}'` : `'${name}', ${split}`;
  const of = count > 0 ? `other images of ${whose}` : `none: ${whose} has ${left} other images, ${n} are needed`;
  return { source, first, count, of };
};

const checkShapes = (images: ImageSource, others: readonly (ImageSource | undefined)[]): void => {
  for (const other of others)
    if (other && other.shape.join() !== images.shape.join())
      fail(
        where,
        `images of '${images.name}'`,
        `[${other.shape.join(', ')}] as those of '${other.name}'`,
        images.shape,
      );
};

const checkStatistics = ({ d, features }: ReferenceStatistics, extractor: FeatureExtractor): void => {
  if (d !== extractor.d) fail(where, 'reference.d', `${extractor.d} as the features of '${extractor.name}'`, d);
  expectSameFeatures(where, { features: featureIdentity(extractor) }, { features });
};

const checkMetrics = (
  metrics: readonly SetMetric[],
  { metrics: names, extractor, reference }: EvaluateOptions,
): void => {
  if (metrics.length === 0) fail(where, 'metrics', 'at least one', names);
  metrics.forEach(({ needs, reference: against }, i) => {
    if (needs === 'logits' && extractor.classes === 0)
      fail(where, 'extractor', `a network with a classifier, which '${names[i]}' looks at`, extractor.name);
    if ('covariance' in reference && needs !== 'statistics' && against !== 'none')
      fail(where, 'reference', `a data set: '${names[i]}' looks at single images`, 'statistics');
  });
};

const checkCounts = (metrics: readonly SetMetric[], names: readonly string[], n: number, nReference: number): void => {
  metrics.forEach(({ least = 2, reference }, i) => {
    if (n < least) fail(where, 'n', `at least ${least} for '${names[i]}'`, n);
    if (reference !== 'none' && nReference < least)
      fail(where, 'nReference', `at least ${least} for '${names[i]}'`, nReference);
  });
};

/** Images of a reference: all of a stored data set unless told otherwise. */
export const referenceSize = (
  { name, length }: Dataset,
  n = length === Infinity ? ENDLESS_REFERENCE : length,
): number =>
  n <= length
    ? expectInteger(where, 'nReference', n, { min: 2 })
    : fail(where, 'nReference', `at most the ${length} images of '${name}'`, n);

/** @throws ArgumentError as `evaluate` does */
export const planEvaluation = (given: EvaluateOptions): EvaluationPlan => {
  expectKeys(where, given, OPTIONS);
  const { images, reference, extractor, n, blocks = 3, seed = 0, chunk = 500 } = given;
  expectInteger(where, 'n', n, { min: 2 });
  expectInteger(where, 'blocks', blocks, { min: 1 });
  expectInteger(where, 'seed', seed);
  expectInteger(where, 'chunk', chunk, { min: 1 });
  if (seed + blocks * n > images.length)
    fail(
      where,
      'n',
      `at most ${Math.floor((images.length - seed) / blocks)} for ${blocks} blocks of '${images.name}'`,
      n,
    );
  const metrics = given.metrics.map(setMetric);
  checkMetrics(metrics, given);
  const known = 'covariance' in reference;
  if (known) checkStatistics(reference, extractor);
  if (known && given.nReference !== undefined)
    fail(where, 'nReference', 'absent: statistics of a reference are as they are', given.nReference);
  const stored = known ? undefined : datasetImages(reference, { shuffled: true });
  const nReference = known ? reference.n : referenceSize(reference, given.nReference);
  checkCounts(metrics, given.metrics, n, nReference);
  const real = given.real && datasetImages(given.real, { shuffled: true });
  checkShapes(images, [stored, real]);
  const others = planReal(real, stored, { nReference, n, blocks });
  return { metrics, stored, nReference, real: others, n, blocks, seed, chunk };
};
