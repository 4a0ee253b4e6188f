/* Statistics of the real images that drawn ones are compared with. */
import { readKeptTensors } from '../checkpoints';
import { expectInteger, fail } from '../compute/check';
import {
  type FeatureExtractor,
  featureIdentity,
  type FeatureStatistics,
  loadStatistics,
  saveStatistics,
} from '../metrics';
import { freshWanted, isStale, type MadeBy } from '../provenance';
import { featureFolder, featureStore, removeChunks } from './feature-store';
import type { NumberedImages } from './numbered-images';

/** Real images: those that drawn ones are compared with, and others for the floor. Both may come from one source. */
export type RealImages = {
  reference: NumberedImages;
  /** The first so many of it. */
  nReference: number;
  others: NumberedImages;
  /** The floor's images are those from this index on. */
  firstOther: number;
};

/** Options of `realStatistics`. */
export type RealStatisticsOptions = {
  /** Images looked at at a time. */
  chunk: number;
  /** Folder where statistics stay; default: none do. */
  cache?: string;
  signal?: AbortSignal;
  /** Images whose features are made or found. */
  onImages?: (done: number, total: number, features: string) => void;
};

/** @throws ArgumentError for a reference that is too large, or leaves no images for the floor */
export const checkRealImages = (where: string, { reference, nReference, others, firstOther }: RealImages): void => {
  expectInteger(where, 'reference', nReference, { min: 2 });
  if (nReference > reference.length)
    fail(where, 'reference', `at most the ${reference.length} images of '${reference.name}'`, nReference);
  if (others.length - firstOther < 2)
    fail(where, 'reference', `so few images that others of '${others.name}' are left for the floor`, nReference);
};

/** Statistics, and what made them. */
export type RealStatistics = FeatureStatistics & { madeBy: readonly MadeBy[] };

/** Statistics in a cache; nothing where there are none that can be believed, or those of other code are to be made anew. */
const keptStatistics = async (
  file: string,
  { source, n }: { source: NumberedImages; n: number },
  extractor: FeatureExtractor,
): Promise<RealStatistics | undefined> => {
  const texts = {
    n: JSON.stringify(n),
    features: JSON.stringify(featureIdentity(extractor)),
    source: JSON.stringify(source.identity),
  };
  if ((await readKeptTensors(file, texts)) === undefined) return undefined;
  const { madeBy = [], ...statistics } = await loadStatistics(file);
  return freshWanted() && isStale(madeBy) ? undefined : { ...statistics, madeBy };
};

/**
 * Statistics of real images; with a cache each is made once, chunk by chunk, so that it goes on where it was stopped. A
 * file that does not fit its checksum, the images or the network is set aside with a warning, and made again.
 */
export const realStatistics = async (
  { source, first, n }: { source: NumberedImages; first: number; n: number },
  extractor: FeatureExtractor,
  { chunk, cache, signal, onImages }: RealStatisticsOptions,
): Promise<RealStatistics> => {
  const place = cache === undefined ? undefined : featureFolder(cache, source, extractor);
  const file = place && `${place}-${first}-${first + n - 1}.safetensors`;
  const known = file && (await keptStatistics(file, { source, n }, extractor));
  if (known) return known;
  const store = featureStore({ extractor, folder: cache, chunk, signal });
  const { statistics, madeBy } = await store.collect({ source, first, n }, new Set(['statistics'] as const), done =>
    onImages?.(done, n, extractor.name),
  );
  if (place && file) {
    await saveStatistics(file, {
      ...statistics!,
      features: featureIdentity(extractor),
      source: source.identity,
      madeBy,
    });
    await removeChunks(place, { first, n });
  }
  return { ...statistics!, madeBy };
};

/** The other real images of block `block`: n of them, or all where there are fewer; behind the last block the first comes. */
export const othersOfBlock = (
  { others, firstOther }: RealImages,
  n: number,
  block: number,
): { source: NumberedImages; first: number; n: number } => {
  const left = others.length - firstOther;
  const blocks = Math.max(1, Math.floor(left / n));
  return { source: others, first: firstOther + (block % blocks) * n, n: Math.min(n, left) };
};
