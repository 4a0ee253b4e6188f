import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dataset } from '../datasets';
import type { Method, Update } from '../methods';
import { type BatchSlice, drawInputs, type Given, type HostBatch } from './draw-inputs';

/** Which inputs are drawn, and who is told of a slice that was drawn before it was asked for. */
export type DrawOptions = Given & { onAhead?: (batch: HostBatch, slice: BatchSlice) => void };

/** Draws the inputs of one slice of an update's batch. */
export type DrawBatch = (update: Update, slice: BatchSlice, options?: DrawOptions) => Promise<HostBatch>;

/** The slice that a run wants after this one: further on in the batch, or the start of the next update's. */
const following = (updates: readonly Update[], update: Update, slice: BatchSlice): [Update, BatchSlice] => {
  const { step, batch, first, count } = slice;
  if (first + 2 * count <= batch) return [update, { ...slice, first: first + count }];
  const { repeats = 1 } = update;
  if ((step + 1) % repeats > 0) return [update, { ...slice, step: step + 1, first: 0 }];
  const at = updates.indexOf(update) + 1;
  const next = updates[at % updates.length];
  const iteration = Math.floor(step / repeats) + (at === updates.length ? 1 : 0);
  return [next, { ...slice, step: iteration * (next.repeats ?? 1), first: 0 }];
};

/**
 * Draws as a run asks for slices in order, and the `ahead` slices after the last one asked for, so that reading data and
 * drawing noise go on while a step computes. What is drawn depends on the slice alone: drawing ahead changes no number.
 */
export const drawAhead = ({ updates }: Method, dataset: Dataset, ahead: number): DrawBatch => {
  const drawn = new Map<string, Promise<HostBatch>>(); // slices that were not asked for yet
  let last: [Update, BatchSlice] | undefined;
  let wanted: DrawOptions = {}; // as it was asked for last
  const nameOf = (update: Update, slice: BatchSlice): string =>
    `${updates.indexOf(update)} ${JSON.stringify([wanted, slice])}`;
  let filling = false;

  /** The first slice after the last one asked for that nobody draws yet. */
  const missing = (): [Update, BatchSlice] | undefined => {
    let at = last!;
    for (let i = 0; i < ahead; i++) {
      at = following(updates, ...at);
      if (!drawn.has(nameOf(...at))) return at;
    }
    return undefined;
  };

  const fill = async (): Promise<void> => {
    if (filling) return;
    filling = true;
    try {
      await nextTurn(); // the step that waits for the last slice starts first
      for (let at = missing(); at; at = missing()) {
        const [update, slice] = at;
        const { onAhead } = wanted;
        const name = nameOf(update, slice);
        const batch = drawInputs(update.inputs, dataset, slice, wanted);
        drawn.set(name, batch);
        const ready = await batch.catch(() => undefined); // whoever asks for it gets the error
        if (ready && drawn.has(name)) onAhead?.(ready, slice);
        await nextTurn();
      }
    } finally {
      filling = false;
    }
  };

  return (update, slice, options = {}) => {
    wanted = options;
    const name = nameOf(update, slice);
    const batch = drawn.get(name) ?? drawInputs(update.inputs, dataset, slice, options);
    drawn.delete(name);
    last = [update, slice];
    fill().catch(() => undefined); // what `onAhead` could not do is done when the slice is asked for
    return batch;
  };
};

/** A batch part by part, each drawn when the engine has taken the one before. */
export async function* partsOf(
  draw: DrawBatch,
  update: Update,
  slices: readonly BatchSlice[],
  options: DrawOptions = {},
): AsyncGenerator<HostBatch, void, undefined> {
  for (const slice of slices) yield await draw(update, slice, options);
}
