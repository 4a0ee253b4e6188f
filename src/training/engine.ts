import type { Tensors } from '../compute/tensors';
import type { Precision } from '../compute/xla/emitter';
import type { Update } from '../methods';
import { adamScalars } from './adam';
import type { DrawOptions } from './draw-ahead';
import type { BatchSlice, HostBatch } from './draw-inputs';
import { emaBeta } from './ema';
import type { RunOptions } from './options';

/** Where a run stands. */
export type Position = { step: number; images: number };

/** Numbers of one update, averaged over its samples. */
export type UpdateMetrics = Record<string, number>;

/** Reads the numbers of an update that was started, when it has ended; called once. */
export type PendingMetrics = () => Promise<UpdateMetrics>;

/** What computes the updates of a run, and why this one. */
export type EngineReport = {
  engine: 'eager' | 'onnx' | 'xla';
  /** Threads, or accelerators, that share a batch. */
  workers: number;
  reason: string;
  /** The accelerator's name. */
  device?: string;
  /** Of products on the accelerator. */
  precision?: Precision;
};

/** Averages of phi's parameters that lie where the engine computes. */
export type HeldAverages = {
  /** average k <- phi + betas[k] (average k - phi); they start at 0. */
  update: (betas: readonly number[]) => Promise<void>;
  /** Copies, each one vector in the order of the parameters. */
  read: () => Promise<Float32Array[]>;
};

/** Holds a run's state and computes its updates on the batches that are pushed to it. */
export type Engine = {
  readonly report: EngineReport;
  /** Equal parts that it takes a batch in: one for each worker and accumulation round, in order. */
  readonly parts: number;
  /** What its parts hold, where that is not every input, and who is told of parts that are drawn early. */
  readonly given?: DrawOptions;
  /** Whether updates are queued on a device: the next may be started before metrics of the last are read. */
  readonly queues?: true;
  /**
   * One update of one parameter set: accumulates over the parts, applies. Resolves when the next may be started; its
   * metrics are read afterwards. A failure leaves the state as it was where `undo` is possible.
   */
  update: (update: Update, parts: AsyncIterable<HostBatch>, position: Position) => Promise<PendingMetrics>;
  /** The gradient of update number `step`, summed over its parts, as one vector in the order of the parameters. */
  gradient: (update: Update, parts: AsyncIterable<HostBatch>, step: number) => Promise<Float32Array>;
  /** The state by name, or the part of it whose names start with `prefix`; stays the engine's until the next update. */
  state: (prefix?: string) => Tensors;
  /** Brings that to the host where it lies elsewhere: `state` then gives it without waiting. */
  fetch: (prefix?: string) => Promise<void>;
  /** So many averages of phi beside the run's own, freed with the engine; absent where the state is on the host anyway. */
  averages?: (count: number) => Promise<HeldAverages>;
  /** What `undo` goes back to. */
  mark: () => void;
  /** Takes back the updates since the mark; @returns whether the engine can. */
  undo: () => boolean;
  dispose: () => void;
};

/** The numbers that an update depends on besides its batch: inputs of the step. */
export const scalarsOf = ({ step, images }: Position, options: RunOptions): Record<string, number> => {
  const { learningRate, warmup, batch, emaHalflife, emaRampup } = options;
  const rate = warmup > 0 ? learningRate * Math.min(images / warmup, 1) : learningRate;
  return {
    ...adamScalars(step + 1, { ...options, learningRate: rate }),
    emaBeta: emaBeta(images, batch, { halflife: emaHalflife, rampup: emaRampup }),
  };
};

/** The batch of a step in `parts` equal slices. */
export const slicesOf = ({ seed, batch }: RunOptions, step: number, parts: number): BatchSlice[] =>
  Array.from({ length: parts }, (_, i) => ({ seed, step, batch, first: (i * batch) / parts, count: batch / parts }));
