import * as tf from '@tensorflow/tfjs-core';
import { fail } from '../compute/check';
import type { Tensors } from '../compute/tensors';
import { mixAverages, postHocWeights, type PowerAverage } from './post-hoc-ema';
import { powerEmaBeta } from './power-ema';
import type { Run } from './run';

/** A stored average: of which width, taken when, and its parameters on the host. */
export type PowerSnapshot = PowerAverage & { parameters: Readonly<Record<string, Float32Array>> };

/** Power-function averages of what a run trains, beside the run's own average. */
export type PowerAverages = {
  /** Takes in the parameters as they are now: call it after every step, or every few. */
  update: () => Promise<void>;
  /** Copies of the averages so far, one of each width. */
  snapshot: () => PowerSnapshot[];
};

/** EDM2 keeps two widths. */
const STDS = [0.05, 0.1];

/**
 * Averages of a run's generator as it trains (Karras et al. 2024, eq. 127), each of relative standard deviation `stds[k]`,
 * held on the host. Their snapshots are what any other width is made of afterwards, see `postHocParameters`.
 * @throws ArgumentError for a width outside (0, 0.2887]
 */
export const powerAverages = (run: Run, { stds = STDS }: { stds?: readonly number[] } = {}): PowerAverages => {
  const start = run.images;
  const averages: { std: number; parameters: Record<string, Float32Array> }[] = stds.map(std => ({
    std,
    parameters: {},
  }));
  for (const std of stds) powerEmaBeta(std, 1, 1); // checks the width before work is lost
  let seen = start;
  return {
    update: async () => {
      const [images, batch] = [run.images - start, run.images - seen];
      if (batch === 0) return;
      for (const [name, tensor] of Object.entries(run.parameters('phi'))) {
        const now = await tensor.data<'float32'>();
        for (const { std, parameters } of averages) {
          const beta = powerEmaBeta(std, images, batch); // 0 the first time: the average starts as a copy
          const average = (parameters[name] ??= new Float32Array(now.length));
          for (let i = 0; i < now.length; i++) average[i] = now[i] + beta * (average[i] - now[i]);
        }
      }
      seen = run.images;
    },
    snapshot: () =>
      averages.map(({ std, parameters }) => ({
        std,
        images: seen - start,
        parameters: Object.fromEntries(Object.entries(parameters).map(([name, values]) => [name, values.slice()])),
      })),
  };
};

/**
 * The average of any width at any time, reconstructed from stored ones (Karras et al. 2024, section 3.2): tensors shaped
 * like `like`, which the caller owns.
 * @throws ArgumentError without snapshots, for two of the same width and time, and for a parameter that they lack
 */
export const postHocParameters = (
  snapshots: readonly PowerSnapshot[],
  wanted: PowerAverage,
  like: Record<string, Pick<tf.Tensor, 'shape'>>,
): Tensors => {
  const weights = postHocWeights(snapshots, wanted);
  return Object.fromEntries(
    Object.entries(like).map(([name, { shape }]) => {
      const arrays = snapshots.map(
        ({ parameters }) => parameters[name] ?? fail('postHocParameters', `snapshots' '${name}'`, 'there', undefined),
      );
      return [name, tf.tensor(mixAverages(arrays, weights), shape)];
    }),
  );
};
