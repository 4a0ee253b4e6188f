import { expectInteger } from '../compute/check';
import { type Samples, type Shape, shapeSize } from '../compute/host-arrays';
import { DatasetError } from './dataset-error';

/** One batch on the host, as it is stored. */
export type DataBatch = {
  /** [n * size] row by row: pixels [H, W, C] as bytes, other numbers (points, latents) as they are. */
  x: Uint8Array | Float32Array;
  /** [n], empty where the data set has no classes. */
  labels: Int32Array;
};

/** A data set: addressable by index, the same index always the same sample. */
export type Dataset = {
  name: string;
  /** [H, W, C] or [d]. */
  sampleShape: readonly number[];
  /** 0: no labels. */
  classes: number;
  /** Infinity for drawn data. */
  length: number;
  batch: (indices: readonly number[]) => Promise<DataBatch>;
  /** What was drawn or read: options, seed, file, sha256, licence. */
  provenance: Readonly<Record<string, string | number>>;
  /** Closes the file, where one stays open. */
  close?: () => Promise<void>;
};

/** The part of drawn data a sample belongs to: the two share no random number. */
export type Split = 'train' | 'test';

export const splits: readonly Split[] = ['train', 'test'];

/** Samples in the units the networks see: bytes 0 to 255 become [-1, 1] as in EDM, other numbers stay as they are. */
export const networkUnits = (x: Uint8Array | Float32Array): Float32Array =>
  x instanceof Uint8Array ? Float32Array.from(x, byte => byte / 127.5 - 1) : x;

/** Samples of a data set in the units of a network, images in [-1, 1]: what `imageGrid` draws. */
export const readSamples = async (dataset: Dataset, indices: readonly number[]): Promise<Samples> => {
  const { x } = await dataset.batch(indices);
  return { data: networkUnits(x), n: indices.length, shape: dataset.sampleShape };
};

/** Images in [-1, 1] as bytes, rounded and clipped as EDM does: the inverse of `networkUnits` for images. */
export const toBytes = (x: Float32Array): Uint8Array =>
  Uint8Array.from(x, v => Math.max(0, Math.min(255, v * 127.5 + 128)));

/** Indices 0, 1, ..., n - 1, or n of them from `first` on. */
export const indexRange = (n: number, first = 0): number[] => Array.from({ length: n }, (_, i) => first + i);

const LARGEST_SAMPLE = 2 ** 24; // numbers: an image of 2048 x 2048 in colour has 12.6 million

/**
 * Numbers of a sample, as its file says.
 * @throws DatasetError for more than a batch of them could be held in memory
 */
export const expectSampleSize = (where: string, shape: Shape): number => {
  const size = shapeSize(shape);
  if (size > LARGEST_SAMPLE)
    throw new DatasetError(
      `${where}: samples of [${shape.join(', ')}] have ${size} numbers, ${LARGEST_SAMPLE} are the limit; ` +
        'cosim data make makes pictures smaller',
    );
  return size;
};

/** Checks that every index is one of 0 to length - 1. @throws ArgumentError */
export const expectIndices = (where: string, indices: readonly number[], length: number): void => {
  for (const index of indices) expectInteger(where, 'index', index, { max: length - 1 });
};
