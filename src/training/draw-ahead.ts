import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dataset } from '../datasets';
import type { BatchSlice, HostBatch, Method, Update } from '../methods';

/** Draws the inputs of one slice of an update's batch. */
export type DrawBatch = (update: Update, slice: BatchSlice) => Promise<HostBatch>;

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
 * Noise is left undrawn while `drawsNoise` says that the engine draws it.
 */
export const drawAhead = (
  { updates }: Method,
  dataset: Dataset,
  ahead: number,
  drawsNoise: () => boolean = () => false,
): DrawBatch => {
  const drawn = new Map<string, Promise<HostBatch>>(); // slices that were not asked for yet
  const nameOf = (update: Update, slice: BatchSlice): string => `${updates.indexOf(update)} ${JSON.stringify(slice)}`;
  let last: [Update, BatchSlice] | undefined;
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
    await nextTurn(); // the step that waits for the last slice starts first
    for (let at = missing(); at; at = missing()) {
      const [update, slice] = at;
      const batch = update.draw(dataset, slice);
      drawn.set(nameOf(update, slice), batch);
      const arrays = Object.values(await batch.catch(() => ({}) as HostBatch)); // whoever asks for it gets the error
      if (!drawsNoise()) for (const array of arrays) void array.data;
      await nextTurn();
    }
    filling = false;
  };

  return (update, slice) => {
    const name = nameOf(update, slice);
    const batch = drawn.get(name) ?? update.draw(dataset, slice);
    drawn.delete(name);
    last = [update, slice];
    void fill();
    return batch;
  };
};
