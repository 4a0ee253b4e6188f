import type { Images, Points } from '../compute/host-arrays';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, type HostTensor, readSafetensors, writeSafetensors } from '../checkpoints';
import { indexRange } from '../datasets';
import {
  accumulateStatistics,
  type Extracted,
  type FeatureExtractor,
  featureIdentity,
  type FeatureSet,
  type SetNeed,
} from '../metrics';
import type { NumberedImages } from './numbered-images';

/** Where the images themselves go; `has` says whether those of a chunk are all there. */
export type ImageWriter = {
  has: (first: number, n: number) => Promise<boolean>;
  add: (first: number, images: Images) => Promise<void>;
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
export type OnChunk = (done: number, made: number) => void;

export type FeatureStore = {
  /** Of a range of images what `needs` lists. */
  collect: (range: ImageRange, needs: ReadonlySet<SetNeed>, onChunk?: OnChunk) => Promise<FeatureSet>;
};

const pointsOf = (data: Float32Array, [n, d]: readonly number[]): Points => ({ data, n, d });

const saveChunk = (path: string, { features, logits }: Extracted, metadata: Record<string, string>): Promise<void> => {
  const tensor = ({ data, n, d }: Points): HostTensor => ({ dtype: 'F32', shape: [n, d], data });
  return writeSafetensors(path, { features: tensor(features), ...(logits && { logits: tensor(logits) }) }, metadata);
};

/** A saved chunk; nothing where there is none, or one that is damaged and has to be made again. */
const loadChunk = async (path: string): Promise<Extracted | undefined> => {
  if (!existsSync(path)) return undefined;
  try {
    const { features, logits } = (await readSafetensors(path)).tensors;
    return {
      features: pointsOf(features.data as Float32Array, features.shape),
      ...(logits && { logits: pointsOf(logits.data as Float32Array, logits.shape) }),
    };
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
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

/**
 * Features of ranges of images, chunk by chunk: the images of one chunk only are in memory, and of the features no more
 * than is needed. With a folder, finished chunks are saved (whole or not at all) under the hash of what they depend on,
 * and found again: an interrupted range goes on, and gives the same bits.
 */
export const featureStore = ({ extractor, folder, chunk, batch, signal }: FeatureStoreOptions): FeatureStore => {
  const chunkOf = async (
    { source, keep }: ImageRange,
    first: number,
    n: number,
    onShare: (share: number) => void,
  ): Promise<Extracted & { found: boolean }> => {
    const depends = dependsOn(source, extractor);
    const place = folder && featureFolder(folder, source, extractor);
    const path = place && join(place, `${first}-${first + n - 1}.safetensors`);
    const known = path && (!keep || (await keep.has(first, n))) ? await loadChunk(path) : undefined;
    if (known) return { ...known, found: true };
    // drawing is one half of the work as far as progress is concerned, looking at the images the other
    const images = await source.images(indexRange(n, first), { signal, onShare: share => onShare(share / 2) });
    await keep?.add(first, images);
    const made = await extractor.extract(images, {
      ...(batch !== undefined && { batch }),
      signal,
      onImages: (done, total) => onShare(0.5 + done / total / 2),
    });
    if (place && path) {
      await mkdir(place, { recursive: true });
      await saveChunk(path, made, { depends });
    }
    return { ...made, found: false };
  };

  return {
    collect: async (range, needs, onChunk) => {
      const { first, n } = range;
      const statistics = needs.has('statistics') ? accumulateStatistics(extractor.d, { signal }) : undefined;
      const [points, logits] = [collector(n), collector(n)];
      let made = 0;
      onChunk?.(0, 0); // time is counted from here
      for (let at = 0; at < n; at += chunk) {
        signal?.throwIfAborted();
        const count = Math.min(chunk, n - at);
        const part = await chunkOf(range, first + at, count, share =>
          onChunk?.(at + share * count, made + share * count),
        );
        if (!part.found) made += count;
        await statistics?.add(part.features);
        if (needs.has('points')) points.add(part.features);
        if (needs.has('logits') && part.logits) logits.add(part.logits);
        onChunk?.(at + count, made);
        await new Promise(resolve => setImmediate(resolve)); // progress and interrupts get their turn
      }
      return {
        n,
        ...(statistics && { statistics: await statistics.result() }),
        ...(needs.has('points') && { points: points.result() }),
        ...(needs.has('logits') && { logits: logits.result() }),
      };
    },
  };
};
