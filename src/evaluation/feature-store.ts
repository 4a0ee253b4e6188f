import type { Images, Points } from '../compute/host-arrays';
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type HostTensor, readKeptTensors, type Safetensors, writeKeptTensors } from '../checkpoints';
import { indexRange } from '../datasets';
import {
  accumulateStatistics,
  type Extracted,
  type FeatureExtractor,
  featureIdentity,
  type FeatureSet,
  type SetNeed,
} from '../metrics';
import { beginMaking, distinctMadeBy, freshWanted, isStale, type MadeBy } from '../provenance';
import type { NumberedImages } from './numbered-images';

/** Where the images themselves go; `has` says whether those of a chunk are all there, from the source of this identity. */
export type ImageWriter = {
  has: (first: number, n: number, source: NumberedImages['identity']) => Promise<boolean>;
  add: (first: number, images: Images, source: NumberedImages['identity']) => Promise<void>;
};

export type FeatureStoreOptions = {
  extractor: FeatureExtractor;
  /** Where finished chunks stay; default: nowhere. */
  folder?: string;
  /** Images made, looked at and saved at a time. */
  chunk: number;
  /** Images the extractor takes at a time. */
  batch?: number;
  signal?: AbortSignal;
};

/** Images number `first` to `first + n - 1` of a source. */
export type ImageRange = { source: NumberedImages; first: number; n: number; keep?: ImageWriter };

/** `done` of the images of a range are behind us; of those `made` were made now, the others found in the folder. */
type OnChunk = (done: number, made: number) => void;

/** What is known of a range of images, and what made it: chunks that were found have been made earlier. */
type CollectedFeatures = FeatureSet & { madeBy: readonly MadeBy[] };

export type FeatureStore = {
  /** Of a range of images what `needs` lists. */
  collect: (range: ImageRange, needs: ReadonlySet<SetNeed>, onChunk?: OnChunk) => Promise<CollectedFeatures>;
};

/** The module whose hash is kept with features and what is measured of them. */
export const IMAGE_CODE = join(__dirname, `image-code${extname(__filename)}`);

const pointsOf = (data: Float32Array, [n, d]: readonly number[]): Points => ({ data, n, d });

/** Features of a chunk of images, and what made them. */
type Chunk = Extracted & { madeBy: readonly MadeBy[] };

const saveChunk = (path: string, { features, logits, madeBy }: Chunk, depends: string): Promise<void> => {
  const tensor = ({ data, n, d }: Points): HostTensor => ({ dtype: 'F32', shape: [n, d], data });
  const tensors = { features: tensor(features), ...(logits && { logits: tensor(logits) }) };
  return writeKeptTensors(path, tensors, { depends, madeBy: JSON.stringify(madeBy) });
};

/** What is wrong with the tensors of a chunk of n images, if anything. */
const faultOf = ({ tensors }: Safetensors, n: number, { d, classes }: FeatureExtractor): string | undefined => {
  const { features, logits } = tensors as Partial<Safetensors['tensors']>;
  const fits = (tensor: HostTensor | undefined, columns: number): boolean =>
    tensor?.dtype === 'F32' && tensor.shape.join() === [n, columns].join();
  if (!fits(features, d)) return `its features are not F32 [${n}, ${d}]`;
  if (classes === 0) return logits === undefined ? undefined : 'it has logits, which the network has not';
  return fits(logits, classes) ? undefined : `its logits are not F32 [${n}, ${classes}]`;
};

/** A saved chunk of n images; nothing where there is none that can be believed, or one of other code is to be made anew. */
const loadChunk = async (
  path: string,
  depends: string,
  n: number,
  extractor: FeatureExtractor,
): Promise<Chunk | undefined> => {
  const content = await readKeptTensors(path, { depends }, found => faultOf(found, n, extractor));
  if (content === undefined) return undefined;
  const madeBy = JSON.parse(content.metadata.madeBy ?? '[]') as MadeBy[];
  if (freshWanted() && isStale(madeBy)) return undefined;
  const { features, logits } = content.tensors;
  return {
    madeBy,
    features: pointsOf(features.data as Float32Array, features.shape),
    ...(logits && { logits: pointsOf(logits.data as Float32Array, logits.shape) }),
  };
};

/** Rows behind one another, in memory taken once. */
const collector = (n: number): { add: (points: Points) => void; result: () => Points | undefined } => {
  let all: Points | undefined;
  let at = 0;
  return {
    add: ({ data, d }) => {
      all ??= { data: new Float32Array(n * d), n, d };
      all.data.set(data, at);
      at += data.length;
    },
    result: () => all,
  };
};

const dependsOn = ({ identity }: NumberedImages, extractor: FeatureExtractor): string =>
  JSON.stringify({ images: identity, features: featureIdentity(extractor) });

/** Where in `folder` the features of a source's images lie. */
export const featureFolder = (folder: string, source: NumberedImages, extractor: FeatureExtractor): string =>
  join(folder, createHash('sha256').update(dependsOn(source, extractor)).digest('hex').slice(0, 16));

const chunkName = (first: number, n: number): string => `${first}-${first + n - 1}.safetensors`;

/** First image and size of each chunk of a range. */
const chunksOf = (first: number, n: number, chunk: number): [first: number, n: number][] =>
  Array.from({ length: Math.ceil(n / chunk) }, (_, i) => [first + i * chunk, Math.min(chunk, n - i * chunk)]);

/** Removes the saved chunks of a range, of whatever size, and their folder if no other range has any there. */
export const removeChunks = async (place: string, { first, n }: { first: number; n: number }): Promise<void> => {
  const isWithin = (name: string): boolean => {
    const [, from, to] = /^(\d+)-(\d+)\.safetensors$/.exec(name) ?? [];
    return from !== undefined && Number(from) >= first && Number(to) < first + n;
  };
  const names = await readdir(place).catch(() => []);
  for (const name of names.filter(isWithin)) await rm(join(place, name), { force: true });
  await rmdir(place).catch(() => undefined); // it is not empty, or not there
};

/**
 * Features of ranges of images, chunk by chunk: the images of one chunk only are in memory, and of the features no more
 * than is needed. With a folder, finished chunks are saved (whole or not at all) under the hash of what they depend on,
 * and what made them, and found again: an interrupted range goes on, and gives the same bits. A chunk that does not fit its
 * checksum, its images or its network is set aside with a warning, and made again.
 */
export const featureStore = ({ extractor, folder, chunk, batch, signal }: FeatureStoreOptions): FeatureStore => {
  const chunkOf = async (
    { source, keep }: ImageRange,
    first: number,
    n: number,
    making: () => MadeBy,
    onShare: (share: number) => void,
  ): Promise<Chunk & { found: boolean }> => {
    const depends = dependsOn(source, extractor);
    const place = folder && featureFolder(folder, source, extractor);
    const path = place && join(place, chunkName(first, n));
    const known =
      path && (!keep || (await keep.has(first, n, source.identity)))
        ? await loadChunk(path, depends, n, extractor)
        : undefined;
    if (known) return { ...known, found: true };
    const began = performance.now();
    // drawing is one half of the work as far as progress is concerned, looking at the images the other
    const images = await source.images(indexRange(n, first), { signal, onShare: share => onShare(share / 2) });
    await keep?.add(first, images, source.identity);
    const extracted = await extractor.extract(images, {
      ...(batch !== undefined && { batch }),
      signal,
      onImages: (seen, total) => onShare(0.5 + seen / total / 2),
    });
    const seconds = Math.round((performance.now() - began) / 10) / 100;
    const made = { ...extracted, madeBy: [{ ...making(), seconds }] };
    if (place && path) {
      await mkdir(place, { recursive: true });
      await saveChunk(path, made, depends);
    }
    return { ...made, found: false };
  };

  return {
    collect: async (range, needs, onChunk) => {
      const { first, n } = range;
      const statistics = needs.has('statistics') ? accumulateStatistics(extractor.d, { signal }) : undefined;
      const [points, logits] = [collector(n), collector(n)];
      const making = beginMaking(IMAGE_CODE);
      const makers: MadeBy[] = [];
      let made = 0;
      onChunk?.(0, 0); // time is counted from here
      for (const [start, count] of chunksOf(first, n, chunk)) {
        signal?.throwIfAborted();
        const at = start - first;
        const part = await chunkOf(range, start, count, making, share =>
          onChunk?.(at + share * count, made + share * count),
        );
        if (!part.found) made += count;
        makers.push(...part.madeBy);
        await statistics?.add(part.features);
        if (needs.has('points')) points.add(part.features);
        if (needs.has('logits') && part.logits) logits.add(part.logits);
        onChunk?.(at + count, made);
        await new Promise(resolve => setImmediate(resolve)); // progress and interrupts get their turn
      }
      return {
        n,
        madeBy: distinctMadeBy(makers),
        ...(statistics && { statistics: await statistics.result() }),
        ...(needs.has('points') && { points: points.result() }),
        ...(needs.has('logits') && { logits: logits.result() }),
      };
    },
  };
};
