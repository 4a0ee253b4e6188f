import { shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { availableParallelism } from 'node:os';
import { chooseCompute, type EngineName } from '../compute/engine-choice';
import { TraceError } from '../compute/graph';
import {
  acquireProgram,
  assign,
  modelOf,
  type Program,
  releaseProgram,
  runOn,
  sharedArray,
  type SharedArrays,
  type Target,
  targetFor,
  waitFor,
} from '../compute/onnx';
import type { Tensors } from '../compute/tensors';
import type { Device } from '../compute/xla/device';
import type { Denoiser } from './denoiser';
import { DeviceDenoiser } from './device-denoiser';
import type { Model } from './model';

type Compiled = ReturnType<typeof modelOf>;

/** Traces of a denoiser by number of rows and inputs: parameters are inputs, so one serves all of them. */
const traces = new WeakMap<Denoiser, Map<string, Compiled>>();

/** Inputs of one evaluation with the batch in front: x, sigma, and labels or t where given. */
const rowsOf = (inputs: Record<string, tf.Tensor | undefined>): [string, tf.Tensor][] =>
  Object.entries(inputs).filter((entry): entry is [string, tf.Tensor] => entry[1] !== undefined);

const traceFor = (denoiser: Denoiser, rows: number, inputs: [string, tf.Tensor][], target: Target): Compiled => {
  const shapes = Object.fromEntries(inputs.map(([name, t]) => [name, [rows, ...t.shape.slice(1)]]));
  const size = denoiser.parameters.reduce((sum, { shape }) => sum + shapeSize(shape), 0);
  const key = JSON.stringify([shapes, target]);
  const known = traces.get(denoiser) ?? new Map<string, Compiled>();
  traces.set(denoiser, known);
  const f = ({ parameters, x, sigma, ...rest }: Tensors): Tensors => {
    let at = 0;
    const named = denoiser.parameters.map(({ name, shape }) => {
      const length = shapeSize(shape);
      at += length;
      return [name, tf.reshape(tf.slice(parameters, [at - length], [length]), [...shape])] as const;
    });
    return { denoised: denoiser.denoise(Object.fromEntries(named), x, sigma, rest) };
  };
  const found = known.get(key) ?? modelOf(f, { parameters: [size], ...shapes }, target);
  known.set(key, found);
  return found;
};

/** One worker's share of a batch. */
type Share = { inputs: SharedArrays; denoised: SharedArrays };
type Prepared = { program: Program; rows: number; shares: Share[] };

/** Evaluates a denoiser on worker threads; the caller's thread waits. */
class ParallelDenoiser {
  private readonly prepared = new Map<string, Prepared>();

  constructor(
    private readonly denoiser: Denoiser,
    private readonly parameters: SharedArrays,
    private readonly target: Target,
    private readonly workers: number,
  ) {}

  private prepare(inputs: [string, tf.Tensor][]): Prepared {
    const [B] = inputs[0][1].shape;
    const key = JSON.stringify(inputs.map(([name, t]) => [name, t.shape]));
    const known = this.prepared.get(key);
    if (known) return known;
    const rows = Math.ceil(B / this.workers);
    const program = acquireProgram(traceFor(this.denoiser, rows, inputs, this.target), ['parameters']);
    const { denoised } = program.signature.outputs;
    const shares = Array.from({ length: Math.ceil(B / rows) }, () => ({
      inputs: Object.fromEntries(inputs.map(([name, t]) => [name, sharedArray((t.size / B) * rows)])),
      denoised: { denoised: sharedArray(shapeSize(denoised)) },
    }));
    const result = { program, rows, shares };
    this.prepared.set(key, result);
    return result;
  }

  denoise(inputs: [string, tf.Tensor][]): tf.Tensor {
    const [, x] = inputs[0];
    const { program, rows, shares } = this.prepare(inputs);
    const size = x.size / x.shape[0];
    const host = inputs.map(([name, t]) => [name, t.dataSync<'float32'>(), t.size / t.shape[0]] as const);
    shares.forEach((share, worker) => {
      for (const [name, data, width] of host) {
        const part = data.subarray(worker * rows * width, (worker + 1) * rows * width);
        const padded = share.inputs[name].data;
        padded.fill(1, part.length); // rows that fill up the last share; a noise level must not be 0
        assign(share.inputs[name], part);
      }
      const all = { ...this.parameters, ...share.inputs };
      runOn(worker, program, all, share.denoised).catch(() => undefined); // waitFor throws the failure
    });
    waitFor(shares.length);
    const result = new Float32Array(x.size);
    shares.forEach(({ denoised }, worker) => {
      const at = worker * rows * size;
      result.set(denoised.denoised.data.subarray(0, x.size - at), at);
    });
    return tf.tensor(result, x.shape);
  }

  dispose(): void {
    for (const { program } of this.prepared.values()) releaseProgram(program).catch(() => undefined);
    this.prepared.clear();
  }
}

/** Runs `use` with a model that is evaluated on a device. */
const withDevice = async <T>(
  device: Device,
  model: Model,
  use: (model: Model) => Promise<T>,
  fallsBack: (error: unknown) => boolean,
): Promise<T> => {
  const { denoiser, parameters } = model;
  const there = await DeviceDenoiser.create(device, model, fallsBack);
  const denoise: Denoiser['denoise'] = (p, x, sigma, input = {}) => {
    const { t, labels, augment, dropoutNoise } = input;
    if (p !== parameters || dropoutNoise) return denoiser.denoise(p, x, sigma, input);
    return there.denoise({ x, sigma, t, labels, augment });
  };
  try {
    return await use({ denoiser: { ...denoiser, denoise }, parameters });
  } finally {
    there.dispose();
  }
};

/** Whether an error means that the model itself is evaluated in the place of an engine, which then is told. */
const isUntraceable = (error: unknown): boolean => {
  if (!(error instanceof TraceError)) return false;
  process.emitWarning(`${error.message}; this network is evaluated eagerly, several times slower`, 'CosimWarning');
  return true;
};

/**
 * Runs `use` with a model that computes the same on the engine that `chooseCompute` finds: on an accelerator, where its
 * denoiser can be evaluated within `settled` only; on ONNX Runtime, its batches shared among worker threads, each
 * evaluation waiting for its result; or `model` itself, also where the network cannot be traced (then with a warning, and not
 * where its engine was asked for).
 * The compiled model is valid during the call only.
 */
export const withEngine = async <T>(
  engine: EngineName,
  model: Model,
  use: (model: Model) => Promise<T>,
  { workers = availableParallelism() }: { workers?: number } = {},
): Promise<T> => {
  const choice = await chooseCompute(engine);
  if (choice.engine === 'eager') return use(model);
  if (choice.engine === 'xla')
    return withDevice(choice.device, model, use, error => engine !== 'xla' && isUntraceable(error));
  const { denoiser, parameters } = model;
  const target = await targetFor();
  const tensors = denoiser.parameters.map(({ name }) => parameters[name]);
  const vector = sharedArray(tensors.reduce((sum, { size }) => sum + size, 0));
  let at = 0;
  for (const t of tensors) {
    vector.data.set(await t.data<'float32'>(), at);
    at += t.size;
  }
  let untraceable = false;
  const parallel = new ParallelDenoiser(denoiser, { parameters: vector }, target, workers);
  const denoise: Denoiser['denoise'] = (p, x, sigma, input = {}) => {
    const { t, labels, augment, dropoutNoise } = input;
    if (p !== parameters || dropoutNoise || untraceable) return denoiser.denoise(p, x, sigma, input);
    try {
      return parallel.denoise(rowsOf({ x, sigma, t, labels, augment }));
    } catch (error) {
      untraceable = engine !== 'onnx' && isUntraceable(error);
      if (!untraceable) throw error;
      return denoiser.denoise(p, x, sigma, input);
    }
  };
  try {
    return await use({ denoiser: { ...denoiser, denoise }, parameters });
  } finally {
    parallel.dispose();
  }
};
