import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../compute/tensors';
import type { Update } from '../methods';
import { type HostBatch, upload } from './draw-inputs';
import {
  type Engine,
  type EngineReport,
  type PendingMetrics,
  type Position,
  scalarsOf,
  type UpdateMetrics,
} from './engine';
import type { RunOptions } from './options';
import { applyGradient, gradientOf } from './step';

/** Sums over the samples of a batch so far. */
type Gradient = ReturnType<ReturnType<typeof gradientOf>>;

/** TensorFlow.js computes the steps as they are written, on the backend in use. */
export class EagerEngine implements Engine {
  readonly report: EngineReport;

  /** Takes over `tensors`. */
  constructor(
    private tensors: Tensors,
    private readonly options: RunOptions,
    reason = 'not started',
  ) {
    this.report = { engine: 'eager', workers: 1, reason };
  }

  get parts(): number {
    return this.options.accumulationRounds;
  }

  state(): Tensors {
    return this.tensors;
  }

  mark(): void {
    /* nothing to go back to: replaced tensors are freed */
  }

  undo(): boolean {
    return false;
  }

  fetch(): Promise<void> {
    return Promise.resolve(); // it is on the host
  }

  dispose(): void {
    tf.dispose(this.tensors);
    this.tensors = {};
  }

  /** Sums of the rounds' gradients and metrics: the same as one large batch's, up to rounding. */
  private async accumulate(update: Update, parts: AsyncIterable<HostBatch>): Promise<Gradient> {
    const round = gradientOf(update);
    let total: Gradient | undefined;
    try {
      for await (const drawn of parts) {
        const before = total;
        total = tf.tidy(() => {
          const { gradient, metrics } = round(this.tensors, upload(drawn), this.options.batch);
          if (!before) return { gradient, metrics };
          const sums = Object.entries(metrics).map(
            ([name, value]) => [name, tf.add(before.metrics[name], value)] as const,
          );
          return { gradient: tf.add(before.gradient, gradient), metrics: Object.fromEntries(sums) };
        });
        if (before) tf.dispose(before);
      }
    } catch (error) {
      if (total) tf.dispose(total);
      throw error;
    }
    return total!;
  }

  /** Tensors that the new state replaces are disposed. */
  async update(update: Update, parts: AsyncIterable<HostBatch>, position: Position): Promise<PendingMetrics> {
    const accumulated = await this.accumulate(update, parts);
    const before = this.tensors;
    let metrics: Tensors = accumulated.metrics;
    try {
      const applied = tf.tidy(() => {
        const scalars = Object.entries(scalarsOf(position, this.options)).map(([name, x]) => [name, tf.scalar(x)]);
        return applyGradient(
          update.trains,
          before,
          accumulated.gradient,
          Object.fromEntries(scalars) as Tensors,
          this.options,
          update.normalisedWeights,
        );
      });
      metrics = { ...metrics, ...applied.metrics };
      for (const [name, old] of Object.entries(before)) if (applied.state[name] !== old) old.dispose();
      this.tensors = applied.state;
      const numbers: UpdateMetrics = {};
      for (const [name, t] of Object.entries(metrics)) numbers[name] = ((await t.data()) as Float32Array)[0];
      return () => Promise.resolve(numbers);
    } finally {
      tf.dispose([accumulated.gradient, metrics]);
    }
  }

  async gradient(update: Update, parts: AsyncIterable<HostBatch>): Promise<Float32Array> {
    const { gradient, metrics } = await this.accumulate(update, parts);
    const values = (await gradient.data()) as Float32Array;
    tf.dispose([gradient, metrics]);
    return values;
  }
}
