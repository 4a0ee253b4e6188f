import { type Samples, shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, fail } from '../compute/check';
import { normal } from '../compute/noise';
import type { EngineName } from '../compute/engine-choice';
import { type Denoiser, parameterCount, settled, type Tensors, withEngine } from '../networks';

/** What every sampler is given. */
export type SamplerInput = {
  denoiser: Denoiser;
  /** Stay the caller's. */
  parameters: Tensors;
  /** One a sample: sample k depends on seeds[k] and labels[k] only. */
  seeds: readonly number[];
  /** Class of each sample, for conditional denoisers. */
  labels?: readonly number[];
  /** Samples computed at a time, default 64: memory, never results. */
  batch?: number;
  /** What evaluates the network, default auto: compiled where that pays. */
  engine?: EngineName;
  /** Stops between network calls by throwing the signal's reason. */
  signal?: AbortSignal;
  /** After every step: x is the state of this batch, valid during the call only. */
  onStep?: (progress: {
    step: number;
    steps: number;
    done: number;
    total: number;
    x: tf.Tensor;
  }) => void | Promise<void>;
};

/** Standard normal noise of step `step` for these seeds, [n, ...shape]. */
export const seededNormal = (seeds: readonly number[], step: number, shape: readonly number[]): tf.Tensor => {
  const size = shapeSize(shape);
  const data = new Float32Array(seeds.length * size);
  seeds.forEach((seed, i) => data.set(normal({ seed, stream: 'sampler', step }, size), i * size));
  return tf.tensor(data, [seeds.length, ...shape]);
};

/** One class number a sample as one-hot rows, or nothing for unconditional sampling. */
const oneHotLabels = (labels: readonly number[] | undefined, classes: number): tf.Tensor | undefined =>
  labels && tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([...labels], 'int32'), classes), 'float32'));

const check = (where: string, { denoiser, seeds, labels, batch = 64 }: SamplerInput): void => {
  expectInteger(where, 'batch', batch, { min: 1 });
  seeds.forEach((seed, i) => expectInteger(where, `seeds[${i}]`, seed));
  if (!labels) return;
  if (denoiser.classes === 0) fail(where, 'labels', 'absent: this denoiser is unconditional', labels.length);
  if (labels.length !== seeds.length) fail(where, 'labels', `as many as the ${seeds.length} seeds`, labels.length);
  labels.forEach((label, i) => expectInteger(where, `labels[${i}]`, label, { max: denoiser.classes - 1 }));
};

/** A sampler for one batch: where it starts, and how step i = 0, 1, ... changes the state. */
export type Steps = {
  count: number;
  start: (seeds: readonly number[]) => tf.Tensor;
  next: (x: tf.Tensor, i: number, seeds: readonly number[], labels: tf.Tensor | undefined) => tf.Tensor;
};

/** Sampling with fewer multiplications than this takes less time than compiling the network. */
const FEW = 1e9;

/** Multiplications of one network call for one sample, at most: every weight at every pixel. */
const products = ({ parameters, sampleShape }: Denoiser): number =>
  parameterCount(parameters) * shapeSize(sampleShape.slice(0, -1));

/** Whether compiling the network costs less than it saves, over this many network calls for one sample in all. */
export const compilingPays = (denoiser: Denoiser, calls: number): boolean => calls * products(denoiser) >= FEW;

/**
 * Takes the steps for one batch of seeds after another and collects the samples on the host, so that memory does not
 * grow with their number. `calls` is the number of network calls a batch; `steps` is given the input with the network on
 * the engine that is used. Leaves no tensor behind, also when it is aborted or a callback throws.
 */
export const inBatches = async (
  where: string,
  input: SamplerInput,
  calls: number,
  steps: (input: SamplerInput) => Steps,
): Promise<Samples> => {
  check(where, input);
  const { engine = 'auto', seeds, denoiser } = input;
  if (engine === 'auto' && !compilingPays(denoiser, seeds.length * calls)) return sampleAll(input, steps(input));
  return withEngine(engine, input, model => {
    const compiled = { ...input, ...model };
    return sampleAll(compiled, steps(compiled));
  });
};

const sampleAll = async (input: SamplerInput, steps: Steps): Promise<Samples> => {
  const { seeds: all, denoiser, batch = 64, signal, onStep } = input;
  const size = shapeSize(denoiser.sampleShape);
  const data = new Float32Array(all.length * size);
  for (let done = 0; done < all.length; done += batch) {
    const seeds = all.slice(done, done + batch);
    const labels = oneHotLabels(input.labels?.slice(done, done + batch), denoiser.classes);
    let x = tf.tidy(() => steps.start(seeds));
    try {
      for (let i = 0; i < steps.count; i++) {
        signal?.throwIfAborted();
        const before = x;
        const next = await settled(() => steps.next(before, i, seeds, labels));
        x.dispose();
        x = next;
        await onStep?.({ step: i + 1, steps: steps.count, done, total: all.length, x });
      }
      data.set(await x.data(), done * size);
    } finally {
      tf.dispose([x, labels ?? []]);
    }
    await new Promise(resolve => setImmediate(resolve)); // a notebook's event loop stays alive
  }
  return { data, n: all.length, shape: denoiser.sampleShape };
};

/** D(x, sigma) at one noise level for the whole batch. */
export const denoiseAt = (
  { denoiser, parameters }: Pick<SamplerInput, 'denoiser' | 'parameters'>,
  x: tf.Tensor,
  sigma: number,
  labels: tf.Tensor | undefined,
): tf.Tensor => denoiser.denoise(parameters, x, tf.fill([x.shape[0]], sigma), { labels });
