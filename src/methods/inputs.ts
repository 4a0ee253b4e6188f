/*
 * What an update is fed, declared: which numbers, of which shape a sample, and how they are drawn. A method says what it
 * needs; training/ draws it and pushes it to the engine. Row i of every input belongs to sample i of the step, and the
 * same sample gets the same numbers however a batch is cut into parts.
 */
import type { Denoiser } from '../networks';

/** Random numbers looked up by stream, step and sample: the same on every engine. */
export type ChanceSpec = {
  /** Standard normal numbers, or uniform ones in [0, 1). */
  kind: 'normal' | 'uniform';
  /** What they are for, such as 'phi.noiseT'. */
  stream: string;
  /** Of one sample; [] is one number a sample. */
  shape: readonly number[];
};

/** Clean samples of the data set, or their classes as one-hot rows. */
export type DataSpec = {
  kind: 'data';
  part: 'x0' | 'labels';
  /** Of one sample. */
  shape: readonly number[];
  /** Update k of its kind reads batch `every * k + offset` of the data. */
  every: number;
  offset: number;
};

/** Small numbers computed on the host from random ones, in float64: times and noise levels. */
export type ComputedSpec = {
  kind: 'computed';
  from: readonly [ChanceSpec, ChanceSpec?];
  /** Of one sample. */
  shape: readonly number[];
  /** Numbers of n samples, row by row, of each entry of `from`, to [n, ...shape]. */
  value: (first: Float32Array, second?: Float32Array) => Float32Array;
};

export type InputSpec = ChanceSpec | DataSpec | ComputedSpec;

/** The inputs of an update by name: the loss finds tensors [n, ...shape] under these names in its batch. */
export type Inputs = Readonly<Record<string, InputSpec>>;

/** Standard normal numbers of this shape a sample. */
export const normalInput = (stream: string, shape: readonly number[]): ChanceSpec => ({
  kind: 'normal',
  stream,
  shape,
});

/** Uniform numbers in [0, 1) of this shape a sample. */
export const uniformInput = (stream: string, shape: readonly number[]): ChanceSpec => ({
  kind: 'uniform',
  stream,
  shape,
});

/** One number a sample, computed from random ones. */
export const levelInput = (from: ComputedSpec['from'], value: ComputedSpec['value']): ComputedSpec => ({
  kind: 'computed',
  from,
  shape: [],
  value,
});

/**
 * Clean samples `x0`, with one-hot `labels` if the network takes classes. Two updates of an iteration that share the data
 * read every second batch, one the even ones and one the odd ones.
 */
export const dataInputs = (
  { sampleShape, classes }: Denoiser,
  { every = 1, offset = 0 }: { every?: number; offset?: number } = {},
): Inputs => {
  const x0: DataSpec = { kind: 'data', part: 'x0', shape: sampleShape, every, offset };
  return classes > 0 ? { x0, labels: { ...x0, part: 'labels', shape: [classes] } } : { x0 };
};

/** Labels as one-hot rows [n * classes]. */
export const oneHot = (labels: ArrayLike<number>, classes: number): Float32Array => {
  const rows = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) rows[i * classes + labels[i]] = 1;
  return rows;
};

/** Classes drawn uniformly, for methods that see no data; nothing for networks without classes. */
export const classInputs = (stream: string, { classes }: Denoiser): Inputs => {
  const value = (numbers: Float32Array): Float32Array =>
    oneHot(
      numbers.map(u => Math.floor(u * classes)),
      classes,
    );
  return classes > 0 ? { labels: { kind: 'computed', from: [uniformInput(stream, [])], shape: [classes], value } } : {};
};

/** Dropout's uniform noise for the network in training mode, one input a layer; none where its rate is 0. */
export const dropoutInputs = (stream: string, { dropout }: Denoiser): Inputs =>
  Object.fromEntries(
    dropout.map(({ name, shape }) => [`dropout/${name}`, uniformInput(`${stream}.dropout.${name}`, shape)]),
  );
