import { expectInteger } from '../compute/check';
import { uniform } from '../compute/noise';
import type { Dataset } from './dataset';

export type TrainingIndicesOptions = {
  /** Seed of the shuffle. */
  seed: number;
  /** Training step, from 0. */
  step: number;
  /** Samples per training step. */
  batch: number;
  /** First sample of the step wanted, default 0. */
  first?: number;
  /** Samples wanted from `first` on, default the rest of the step. */
  count?: number;
};

/** Fisher-Yates: epoch `epoch`'s order of 0..length-1. */
const permutation = (seed: number, epoch: number, length: number): Uint32Array => {
  const order = Uint32Array.from({ length }, (_, i) => i);
  const draws = uniform({ seed, stream: 'datasets.shuffle', step: epoch }, length);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(draws[i] * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
};

// A step reads one epoch, or the end of one and the start of the next: the last two orders are worth keeping.
const recent: { key: string; order: Uint32Array }[] = [];

const epochOrder = (seed: number, epoch: number, length: number): Uint32Array => {
  const key = `${seed}/${epoch}/${length}`;
  const known = recent.find(entry => entry.key === key);
  if (known) return known.order;
  const order = permutation(seed, epoch, length);
  recent.unshift({ key, order });
  recent.length = Math.min(recent.length, 2);
  return order;
};

/**
 * Indices of samples first .. first + count - 1 of one training step. Drawn data are read in order, each sample once;
 * stored data in a fresh seeded order every epoch, each sample exactly once an epoch. How a step is cut into
 * accumulation rounds changes nothing.
 * @throws ArgumentError when a number is not a non-negative integer or the samples wanted exceed the step
 */
export const trainingIndices = (
  { length }: Pick<Dataset, 'length'>,
  { seed, step, batch, first = 0, count = batch - first }: TrainingIndicesOptions,
): number[] => {
  const where = 'trainingIndices';
  expectInteger(where, 'step', step);
  expectInteger(where, 'batch', batch, { min: 1 });
  expectInteger(where, 'first', first, { max: batch });
  expectInteger(where, 'count', count, { max: batch - first });
  const position = step * batch + first;
  if (length === Infinity) return Array.from({ length: count }, (_, i) => position + i);
  expectInteger(where, 'dataset.length', length, { min: 1 });
  return Array.from({ length: count }, (_, i) => {
    const epoch = Math.floor((position + i) / length);
    return epochOrder(seed, epoch, length)[(position + i) % length];
  });
};
