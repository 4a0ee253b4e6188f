import * as tf from '@tensorflow/tfjs-core';
import { type Address, normalRows, uniformRows } from '../compute/noise';
import type { Tensors, ValueAndMetrics } from '../compute/tensors';
import { type Dataset, networkUnits, trainingIndices } from '../datasets';
import type { SamplingTimes } from '../diffusion';
import type { Denoiser } from '../networks';

/** Parameter sets by their letter in the paper: teacher, generator, auxiliary. */
export type Role = 'theta' | 'phi' | 'psi';

/** What pure noise is: normal or uniform numbers of a stream, at the address of the slice that it was drawn for. */
export type NoiseSource = { kind: 'normal' | 'uniform'; stream: string };

/**
 * One input of a training step: an array with its shape. Noise says where it comes from, and is drawn when `data` is
 * first read: an engine that draws it on its device never reads it.
 */
export type HostArray = { readonly data: Float32Array; readonly shape: number[]; readonly noise?: NoiseSource };
export type HostBatch = Record<string, HostArray>;

/** Which samples of which step: the same sample gets the same data, times and noise however a batch is cut. */
export type BatchSlice = {
  seed: number;
  /** Updates of this kind before this one. */
  step: number;
  /** Samples of the whole step. */
  batch: number;
  /** First sample of this slice. */
  first: number;
  /** Samples in this slice. */
  count: number;
};

/** One optimisation of one parameter set: what it is fed and what it minimises. */
export type Update = {
  trains: Role;
  /** Times in a row in every iteration, default 1; a slice's step then counts these updates. */
  repeats?: number;
  /** Multiplies the loss before differentiation. */
  lossScale: number;
  /** What a step does to the trained parameters before anything else. */
  normalisedWeights?: Denoiser['normalisedWeights'];
  /** All inputs that are data or chance, on the host. */
  draw: (dataset: Dataset, slice: BatchSlice) => Promise<HostBatch>;
  /** The loss summed over the slice's elements and samples, and sums over samples to report; pure. */
  loss: (roles: Partial<Record<Role, Tensors>>, batch: Tensors) => ValueAndMetrics;
};

/** A way to train a generator: which parameter sets it has and what one iteration does with them, in order. */
export type Method = {
  /** Rebuilds it, JSON. */
  config: { kind: string } & Record<string, unknown>;
  /** Derived quantities worth printing beside results, e.g. beta. */
  report: Record<string, number>;
  /** phi is what is averaged and sampled from. */
  denoisers: Partial<Record<Role, Denoiser>>;
  updates: readonly Update[];
  /** How phi generates. */
  sampler: SamplerName;
  /** The method's own, by number of steps; otherwise SAMPLING_TIMES. */
  times?: SamplingTimes;
};

/** Algorithm 1; its ancestral variant, with noise from the posterior; or EDM's sampler for a plain denoiser. */
export type SamplerName = 'multistep' | 'ancestral' | 'heun';

/** Noise whose numbers are drawn when they are first read. */
const drawnOnce = (noise: NoiseSource, shape: number[], draw: () => Float32Array): HostArray => {
  let numbers: Float32Array | undefined;
  return {
    shape,
    noise,
    get data() {
      return (numbers ??= draw());
    },
  };
};

/** Normal noise shaped like the samples: row i is sample first + i of the step. */
export const drawNormal = (
  stream: string,
  { seed, step, first, count }: BatchSlice,
  shape: readonly number[],
): HostArray =>
  drawnOnce({ kind: 'normal', stream }, [count, ...shape], () =>
    normalRows({ seed, stream, step }, first, count, tf.util.sizeFromShape([...shape])),
  );

/** `size` uniform numbers a sample. */
export const drawUniform = (stream: string, { seed, step, first, count }: BatchSlice, size: number): Float32Array =>
  uniformRows({ seed, stream, step } satisfies Address, first, count, size);

/** Labels as one-hot rows. */
export const oneHot = (labels: ArrayLike<number>, classes: number): HostArray => {
  const data = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) data[i * classes + labels[i]] = 1;
  return { data, shape: [labels.length, classes] };
};

/** Uniformly drawn classes, for methods that see no data; nothing for unconditional networks. */
export const drawLabels = (stream: string, slice: BatchSlice, classes: number): HostBatch =>
  classes > 0
    ? {
        labels: oneHot(
          drawUniform(stream, slice, 1).map(u => Math.floor(u * classes)),
          classes,
        ),
      }
    : {};

/** Clean samples, with one-hot labels if the network takes them. `dataStep` numbers the batches read so far. */
export const drawData = async (
  dataset: Dataset,
  { seed, batch, first, count }: BatchSlice,
  dataStep: number,
  classes: number,
): Promise<HostBatch> => {
  const { x, labels } = await dataset.batch(trainingIndices(dataset, { seed, step: dataStep, batch, first, count }));
  const x0 = { data: networkUnits(x), shape: [count, ...dataset.sampleShape] };
  return classes > 0 ? { x0, labels: oneHot(labels, classes) } : { x0 };
};

/** Dropout's uniform noise for the network in training mode, one array a layer; none where the rate is 0. */
export const drawDropout = (stream: string, slice: BatchSlice, { dropout }: Denoiser): HostBatch =>
  Object.fromEntries(
    dropout.map(({ name, shape }) => {
      const source = { kind: 'uniform', stream: `${stream}.dropout.${name}` } as const;
      const draw = (): Float32Array => drawUniform(source.stream, slice, tf.util.sizeFromShape([...shape]));
      return [`dropout/${name}`, drawnOnce(source, [slice.count, ...shape], draw)];
    }),
  );
