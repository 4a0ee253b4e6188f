import * as tf from '@tensorflow/tfjs-core';
import { availableParallelism } from 'node:os';
import { TraceError } from '../compute/graph';
import { chooseCompute } from '../compute/engine-choice';
import { targetFor } from '../compute/onnx';
import type { Tensors } from '../compute/tensors';
import type { Dataset } from '../datasets';
import type { Method } from '../methods';
import { CompiledEngine } from './compiled-engine';
import { EagerEngine } from './eager-engine';
import type { Engine } from './engine';
import type { RunOptions } from './options';
import { XlaEngine } from './xla-engine';

/** A worker with fewer samples than this spends its time on other things than computing. */
const LEAST_SAMPLES = 8;

/** Workers that share a batch: at most those asked for, or one a core, and such that each gets the same number of samples. */
export const workersFor = ({ batch, accumulationRounds, workers }: RunOptions): number => {
  const samples = batch / accumulationRounds;
  let count =
    workers > 0 ? workers : Math.max(1, Math.min(availableParallelism(), Math.floor(samples / LEAST_SAMPLES)));
  while (samples % count !== 0) count--;
  return count;
};

/** Devices that share a batch: at most those asked for and there, and such that each gets the same number of samples. */
const devicesFor = ({ batch, accumulationRounds: rounds, devices }: RunOptions, there: number): number => {
  let count = Math.min(devices > 0 ? devices : there, there);
  while ((batch / rounds) % count !== 0) count--;
  return count;
};

/** An engine with a copy of the state; `reason` is why there is none but the eager one. */
const compilingEngine = async (
  method: Method,
  state: Tensors,
  options: RunOptions,
  dataset: Dataset,
): Promise<CompiledEngine | XlaEngine | { reason: string }> => {
  const choice = await chooseCompute(options.engine);
  if (choice.engine === 'eager') return { reason: choice.reason };
  if (choice.engine === 'xla') {
    const { device, reason } = choice;
    const precision = options.precision === 'auto' ? 'float32' : options.precision;
    const on = { devices: devicesFor(options, device.count), precision, reason };
    return XlaEngine.create(device, method, options, state, on, dataset);
  }
  const target = await targetFor();
  const reason = target.block > 0 ? `convolutions in blocks of ${target.block}` : 'standard ONNX';
  const workers = workersFor(options);
  return CompiledEngine.create(method, options, state, { target, workers, reason });
};

/**
 * The engine that a run asks for, with its state; takes over `state`. `auto` is what `chooseCompute` finds here; a step
 * that cannot be traced then runs eagerly, with a warning.
 * @throws Error when the engine that was asked for cannot be had: TraceError names the kernel and the line.
 */
export const chooseEngine = async (
  method: Method,
  state: Tensors,
  options: RunOptions,
  dataset: Dataset,
): Promise<Engine> => {
  const engine = await compilingEngine(method, state, options, dataset);
  if ('reason' in engine) return new EagerEngine(state, options, engine.reason);
  try {
    const prepared = await Promise.allSettled(method.updates.map(async update => engine.prepare(update))); // side by side
    for (const result of prepared) if (result.status === 'rejected') throw result.reason; // when none is under way any more
    tf.dispose(state);
    return engine;
  } catch (error) {
    engine.dispose();
    if (!(error instanceof TraceError) || options.engine !== 'auto') throw error;
    process.emitWarning(`${error.message}; this run computes eagerly, several times slower`, 'CosimWarning');
    return new EagerEngine(state, options, error.message);
  }
};
