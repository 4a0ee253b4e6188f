import * as tf from '@tensorflow/tfjs-core';
import { saveTensors, writeFileAtomic } from '../checkpoints';
import type { Tensors } from '../compute/tensors';
import { withPrefix } from '../compute/tensors';
import type { Dataset } from '../datasets';
import type { HostBatch, Update } from '../losses';
import { adamScalars } from './adam';
import { emaBeta } from './ema';
import type { RunOptions } from './options';
import { applyGradient, gradientOf } from './step';

/** Where a run stands. */
export type Position = { step: number; images: number };

/** Numbers of one update, averaged over its samples. */
export type UpdateMetrics = Record<string, number>;

/** Tensors of a host batch; the caller owns them. */
export const upload = (batch: HostBatch): Tensors =>
  Object.fromEntries(Object.entries(batch).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]));

const scalarsOf = ({ step, images }: Position, options: RunOptions): Tensors => {
  const { learningRate, warmup, batch, emaHalflife, emaRampup } = options;
  const rate = warmup > 0 ? learningRate * Math.min(images / warmup, 1) : learningRate;
  const { stepSize, varianceScale } = adamScalars(step + 1, { ...options, learningRate: rate });
  const beta = emaBeta(images, batch, { halflife: emaHalflife, rampup: emaRampup });
  return { stepSize: tf.scalar(stepSize), varianceScale: tf.scalar(varianceScale), emaBeta: tf.scalar(beta) };
};

const slices = ({ seed, batch, rounds }: RunOptions, step: number) =>
  Array.from({ length: rounds }, (_, i) => ({
    seed,
    step,
    batch,
    first: (i * batch) / rounds,
    count: batch / rounds,
  }));

/** Sums of the rounds' gradients and metrics: the same as one large batch's, up to rounding. */
const accumulate = (update: Update, state: Tensors, dataset: Dataset, step: number, options: RunOptions) => {
  const round = gradientOf(update);
  let total: ReturnType<typeof round> | undefined;
  for (const slice of slices(options, step)) {
    const drawn = update.draw(dataset, slice);
    const next = tf.tidy(() => {
      const { gradient, metrics } = round(state, upload(drawn), options.batch);
      if (!total) return { gradient, metrics };
      const before = total;
      const sums = Object.entries(metrics).map(([name, value]) => [name, tf.add(before.metrics[name], value)] as const);
      return { gradient: tf.add(before.gradient, gradient), metrics: Object.fromEntries(sums) };
    });
    if (total) tf.dispose(total);
    total = next;
  }
  return total!;
};

/**
 * One update of one parameter set: draws, accumulates, applies. Takes over `state`: tensors that the new state replaces
 * are disposed.
 */
export const runUpdate = async (
  update: Update,
  state: Tensors,
  dataset: Dataset,
  position: Position,
  options: RunOptions,
): Promise<{ state: Tensors; metrics: UpdateMetrics }> => {
  const { gradient, metrics } = accumulate(update, state, dataset, position.step, options);
  const applied = tf.tidy(() => applyGradient(update.trains, state, gradient, scalarsOf(position, options), options));
  gradient.dispose();
  for (const [name, before] of Object.entries(state)) if (applied.state[name] !== before) before.dispose();
  const all = { ...metrics, ...applied.metrics };
  const numbers: UpdateMetrics = {};
  for (const [name, t] of Object.entries(all)) numbers[name] = ((await t.data()) as Float32Array)[0];
  tf.dispose(all);
  return { state: applied.state, metrics: numbers };
};

/** Names of the parameters whose gradient is not finite at this step. */
const badParameters = async (update: Update, state: Tensors, dataset: Dataset, step: number, options: RunOptions) => {
  const { gradient, metrics } = accumulate(update, state, dataset, step, options);
  const values = await gradient.data();
  tf.dispose([gradient, metrics]);
  let at = 0;
  return Object.entries(withPrefix(`${update.trains}/`, state)).flatMap(([name, { size }]) => {
    const part = values.subarray(at, (at += size)) as Float32Array;
    return part.every(Number.isFinite) ? [] : [name];
  });
};

/** Thrown when training stops because gradients stay non-finite. */
export class TrainingError extends Error {
  override name = 'TrainingError';
}

/**
 * The error that ends a run after too many bad steps: names the parameters, and writes what was fed to the step and the
 * whole state into `dir/bad-step-N.*` if there is a folder.
 */
export const badStepError = async (
  update: Update,
  state: Tensors,
  dataset: Dataset,
  step: number,
  options: RunOptions,
  dir: string | undefined,
): Promise<TrainingError> => {
  const names = await badParameters(update, state, dataset, step, options);
  let where = '';
  if (dir) {
    const base = `${dir}/bad-step-${step}`;
    const batch = tf.tidy(() => upload(update.draw(dataset, { ...slices({ ...options, rounds: 1 }, step)[0] })));
    await saveTensors(`${base}.batch.safetensors`, batch);
    await saveTensors(`${base}.state.safetensors`, state);
    await writeFileAtomic(
      `${base}.json`,
      JSON.stringify({ step, trains: update.trains, parameters: names, options }, null, 1),
    );
    tf.dispose(batch);
    where = ` Batch and state are in ${base}.*`;
  }
  const shown = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
  return new TrainingError(
    `step ${step}: gradients of ${update.trains} were not finite in ${options.maxBadSteps} consecutive steps` +
      ` (${names.length === 0 ? 'finite again on recomputation' : shown}).${where}`,
  );
};
