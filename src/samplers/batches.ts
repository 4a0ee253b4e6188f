import { type Samples, shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectOneOf, fail } from '../compute/check';
import { chooseCompute, type EngineName } from '../compute/engine-choice';
import { TraceError } from '../compute/graph';
import { normal } from '../compute/noise';
import type { Device } from '../compute/xla/device';
import { PRECISION_NAMES, type PrecisionName } from '../compute/xla/emitter';
import { type Denoiser, parameterCount, settled, type Tensors, withEngine } from '../networks';
import { DeviceSampler } from './device-sampler';
import { type Guided, guidedDenoise } from './guidance';
import type { Steps } from './steps';

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
  /** Of products on an accelerator, default auto: float32. */
  precision?: PrecisionName;
  /** Accelerators that share a batch, default 1; 0: all there are. */
  devices?: number;
  /** Stops between steps by throwing the signal's reason. */
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

const check = (
  where: string,
  { denoiser, seeds, labels, batch = 64, devices = 1, precision = 'auto' }: SamplerInput,
): void => {
  expectInteger(where, 'batch', batch, { min: 1 });
  expectInteger(where, 'devices', devices, { max: 4096 });
  expectOneOf(where, 'precision', precision, PRECISION_NAMES);
  seeds.forEach((seed, i) => expectInteger(where, `seeds[${i}]`, seed));
  if (!labels) return;
  if (denoiser.classes === 0) fail(where, 'labels', 'absent: this denoiser is unconditional', labels.length);
  if (labels.length !== seeds.length) fail(where, 'labels', `as many as the ${seeds.length} seeds`, labels.length);
  labels.forEach((label, i) => expectInteger(where, `labels[${i}]`, label, { max: denoiser.classes - 1 }));
};

/** Sampling with fewer multiplications than this takes less time than compiling the network. */
const FEW = 1e9;

/** Multiplications of one network call for one sample, at most: every weight at every pixel. */
const products = ({ parameters, sampleShape }: Denoiser): number =>
  parameterCount(parameters) * shapeSize(sampleShape.slice(0, -1));

/** Whether compiling the network costs less than it saves, over this many network calls for one sample in all. */
export const compilingPays = (denoiser: Denoiser, calls: number): boolean => calls * products(denoiser) >= FEW;

/** What a sampler may be given besides. */
type Besides = {
  guided?: Guided;
  /** In place of the seeds' own noise; steps are then taken on the host. */
  noise?: (seeds: readonly number[], step: number) => tf.Tensor;
};

/** All steps of a device, batch by batch; on the host the network alone is compiled. */
const onDevice = async (device: Device, input: SamplerInput, steps: Steps, guided?: Guided): Promise<Samples> => {
  const { seeds, labels, denoiser, batch = 64, devices = 1, precision = 'auto', signal, onStep } = input;
  const rows = Math.min(batch, seeds.length);
  const sampler = await DeviceSampler.create(device, input, steps, {
    rows,
    devices: Math.min(devices > 0 ? devices : device.count, device.count, rows),
    precision: precision === 'auto' ? 'float32' : precision,
    labelled: labels !== undefined,
    guided,
  });
  const size = shapeSize(denoiser.sampleShape);
  const data = new Float32Array(seeds.length * size);
  try {
    for (let done = 0; done < seeds.length; done += batch) {
      const part = seeds.slice(done, done + batch);
      const onState = async (step: number, values: () => Promise<Float32Array>): Promise<void> => {
        if (!onStep) return;
        const x = tf.tensor(await values(), [part.length, ...denoiser.sampleShape]);
        try {
          await onStep({ step, steps: steps.steps.length, done, total: seeds.length, x });
        } finally {
          x.dispose();
        }
      };
      const samples = await sampler.sample(part, labels?.slice(done, done + batch), { signal, onState });
      data.set(samples, done * size);
    }
    return { data, n: seeds.length, shape: denoiser.sampleShape };
  } finally {
    sampler.dispose();
  }
};

/** The networks on the engine that is used, one after the other, for as long as `use` runs. */
const withNetworks = (
  engine: EngineName,
  input: SamplerInput,
  guided: Guided | undefined,
  use: (input: SamplerInput, guided?: Guided) => Promise<Samples>,
): Promise<Samples> =>
  withEngine(engine, input, model => {
    const compiled = { ...input, ...model };
    if (!guided) return use(compiled);
    return withEngine(engine, guided.model, guide => use(compiled, { ...guided, model: guide }));
  });

/**
 * Takes the steps for one batch of seeds after another and collects the samples on the host, so that memory does not
 * grow with their number. On an accelerator the state stays there and noise is drawn there; elsewhere the network runs on
 * the engine that is used. Leaves no tensor behind, also when it is aborted or a callback throws.
 */
export const inBatches = async (
  where: string,
  input: SamplerInput,
  steps: Steps,
  { guided, noise }: Besides = {},
): Promise<Samples> => {
  check(where, input);
  const { engine = 'auto', seeds, denoiser } = input;
  const use = (model: SamplerInput, guide?: Guided): Promise<Samples> =>
    sampleAll(model, steps, { guided: guide, noise });
  if (seeds.length === 0) return { data: new Float32Array(0), n: 0, shape: denoiser.sampleShape };
  if (engine === 'auto' && !compilingPays(denoiser, seeds.length * steps.calls)) return use(input, guided);
  const choice = noise ? undefined : await chooseCompute(engine);
  if (choice?.engine !== 'xla') return withNetworks(engine, input, guided, use);
  try {
    return await onDevice(choice.device, input, steps, guided);
  } catch (error) {
    if (!(error instanceof TraceError) || engine === 'xla') throw error;
    process.emitWarning(`${error.message}; this network is evaluated eagerly, several times slower`, 'CosimWarning');
    return use(input, guided);
  }
};

const sampleAll = async (input: SamplerInput, { start, steps, next }: Steps, besides: Besides): Promise<Samples> => {
  const { seeds: all, denoiser, batch = 64, signal, onStep } = input;
  const noise = besides.noise ?? ((seeds, step) => seededNormal(seeds, step, denoiser.sampleShape));
  const size = shapeSize(denoiser.sampleShape);
  const data = new Float32Array(all.length * size);
  for (let done = 0; done < all.length; done += batch) {
    const seeds = all.slice(done, done + batch);
    const labels = oneHotLabels(input.labels?.slice(done, done + batch), denoiser.classes);
    const denoise = guidedDenoise(input, besides.guided, labels);
    let x: tf.Tensor | undefined;
    try {
      x = tf.tidy(() => tf.mul(noise(seeds, 0), start));
      for (const [i, { kind, numbers, noise: drawn }] of steps.entries()) {
        signal?.throwIfAborted();
        const before = x;
        const changed = await settled(() =>
          next(before, { kind, denoise, numbers, ...(drawn !== undefined && { noise: noise(seeds, drawn) }) }),
        );
        x.dispose();
        x = changed;
        await onStep?.({ step: i + 1, steps: steps.length, done, total: all.length, x });
      }
      data.set(await x.data(), done * size);
    } finally {
      tf.dispose([x ?? [], labels ?? []]);
    }
    await new Promise(resolve => setImmediate(resolve)); // a notebook's event loop stays alive
  }
  return { data, n: all.length, shape: denoiser.sampleShape };
};
