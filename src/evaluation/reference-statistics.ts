import type { Dataset } from '../datasets';
import { featureIdentity, type ReferenceStatistics } from '../metrics';
import { type EvaluateOptions, referenceSize } from './evaluation-plan';
import { featureStore } from './feature-store';
import { datasetImages } from './numbered-images';

/** Options of `referenceStatistics`. */
export type ReferenceStatisticsOptions = Pick<
  EvaluateOptions,
  'extractor' | 'nReference' | 'cache' | 'chunk' | 'batch' | 'signal' | 'onProgress'
> & {
  /** The real images. */
  dataset: Dataset;
};

/**
 * Statistics of a data set's images with all that they depend on, as `evaluate` takes of its reference: given to it in
 * place of the data set they give the same Fréchet distances.
 * @throws ArgumentError for more images than there are, or samples that are no images
 */
export const referenceStatistics = async (options: ReferenceStatisticsOptions): Promise<ReferenceStatistics> => {
  const { dataset, extractor, cache: folder, chunk = 500, batch, signal, onProgress } = options;
  const source = datasetImages(dataset, { shuffled: true });
  const n = referenceSize(dataset, options.nReference);
  const store = featureStore({ extractor, folder, chunk, batch, signal });
  const { statistics, madeBy } = await store.collect(
    { source, first: 0, n },
    new Set(['statistics'] as const),
    (done, made) => onProgress?.({ stage: 'reference', done, total: n, made }),
  );
  return { ...statistics!, features: featureIdentity(extractor), source: source.identity, madeBy };
};
