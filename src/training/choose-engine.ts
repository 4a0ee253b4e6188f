import * as tf from '@tensorflow/tfjs-core';
import { availableParallelism } from 'node:os';
import { TraceError } from '../compute/graph';
import { eagerReason, targetFor } from '../compute/onnx';
import type { Tensors } from '../compute/tensors';
import type { Method } from '../methods';
import { CompiledEngine } from './compiled-engine';
import type { DrawBatch } from './draw-ahead';
import { EagerEngine } from './eager-engine';
import type { Engine } from './engine';
import type { RunOptions } from './options';

/** A worker with fewer samples than this spends its time on other things than computing. */
const LEAST_SAMPLES = 8;

/** Workers that share a batch: at most those asked for, or one a core, and such that each gets the same number of samples. */
export const workersFor = ({ batch, rounds, workers }: RunOptions): number => {
  const samples = batch / rounds;
  let count =
    workers > 0 ? workers : Math.max(1, Math.min(availableParallelism(), Math.floor(samples / LEAST_SAMPLES)));
  while (samples % count !== 0) count--;
  return count;
};

/**
 * The engine that a run asks for, with its state; takes over `state`. `auto` is compiled where ONNX Runtime works and the
 * backend is not a GPU's; a step that cannot be traced then runs eagerly, with a warning.
 * @throws Error when the compiled engine was asked for and cannot be had: TraceError names the kernel and the line.
 */
export const chooseEngine = async (
  method: Method,
  draw: DrawBatch,
  state: Tensors,
  options: RunOptions,
): Promise<Engine> => {
  const reason = eagerReason(options.engine);
  if (reason !== undefined) return new EagerEngine(state, options, reason);
  const target = await targetFor();
  const lowering = target.block > 0 ? `convolutions in blocks of ${target.block}` : 'standard ONNX';
  const workers = workersFor(options);
  const engine = await CompiledEngine.create(method, options, state, { target, workers, reason: lowering });
  try {
    for (const update of method.updates) await engine.prepare(update, draw);
    tf.dispose(state);
    return engine;
  } catch (error) {
    engine.dispose();
    if (!(error instanceof TraceError) || options.engine === 'compiled') throw error;
    process.emitWarning(`${error.message}; this run computes eagerly, several times slower`, 'CosimWarning');
    return new EagerEngine(state, options, error.message);
  }
};
