import type { Tensors } from '../compute/tensors';
import type { Update } from '../methods';
import { adamScalars } from './adam';
import type { BatchSlice, HostBatch } from './draw-inputs';
import { emaBeta } from './ema';
import type { RunOptions } from './options';

/** Where a run stands. */
export type Position = { step: number; images: number };

/** Numbers of one update, averaged over its samples. */
export type UpdateMetrics = Record<string, number>;

/** What computes the updates of a run, and why this one. */
export type EngineReport = { engine: 'eager' | 'compiled'; workers: number; reason: string };

/** Holds a run's state and computes its updates on the batches that are pushed to it. */
export type Engine = {
  readonly report: EngineReport;
  /** Equal parts that it takes a batch in: one for each worker and accumulation round, in order. */
  readonly parts: number;
  /** One update of one parameter set: accumulates over the parts, applies. A failure leaves the state as it was. */
  update: (update: Update, parts: AsyncIterable<HostBatch>, position: Position) => Promise<UpdateMetrics>;
  /** The gradient of an update, summed over its parts, as one vector in the order of the parameters. */
  gradient: (update: Update, parts: AsyncIterable<HostBatch>) => Promise<Float32Array>;
  /** The state by name; stays the engine's, valid until the next update. */
  state: () => Tensors;
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
