/** One batch on the host, in the units the networks see. */
export type DataBatch = {
  x: Float32Array; // [n * size] row by row; images [H, W, C] in [-1, 1], points as they are
  labels: Int32Array; // [n], empty where the data set has no classes
};

/** A data set: addressable by index, the same index always the same sample. */
export type Dataset = {
  name: string;
  sampleShape: readonly number[]; // [H, W, C] or [d]
  classes: number; // 0: no labels
  length: number; // Infinity for drawn data
  batch: (indices: readonly number[]) => DataBatch;
  provenance: Readonly<Record<string, string | number>>; // what was drawn or read: options, seed, file, sha256
};

/** The part of drawn data a sample belongs to: the two share no random number. */
export type Split = 'train' | 'test';

export const splits: readonly Split[] = ['train', 'test'];
