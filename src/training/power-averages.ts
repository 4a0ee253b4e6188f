import * as tf from '@tensorflow/tfjs-core';
import { fail } from '../compute/check';
import type { Tensors } from '../compute/tensors';
import type { ParameterSpec } from '../networks';
import type { HeldAverages } from './engine';
import { mixAverages, postHocWeights, type PowerAverage } from './post-hoc-ema';
import { powerEmaBeta } from './power-ema';
import type { Run } from './run';

/** A stored average: of which width, taken when, and its parameters on the host. */
export type PowerSnapshot = PowerAverage & { parameters: Readonly<Record<string, Float32Array>> };

/** Power-function averages of what a run trains, beside the run's own average. */
export type PowerAverages = {
  /** Takes in the parameters as they are now: call it in `onStep`, after every step or every few. */
  update: () => Promise<void>;
  /** Copies of the averages so far, one of each width. */
  snapshot: () => Promise<PowerSnapshot[]>;
};

/** EDM2 keeps two widths. */
const STDS = [0.05, 0.1];

/** One average of each parameter, by name. */
type Averages = Record<string, Float32Array>;

/** average <- now + beta (average - now); the first time beta is 0, and the average starts as a copy. */
const takeIn = async (averages: readonly Averages[], parameters: Tensors, betas: readonly number[]): Promise<void> => {
  for (const [name, tensor] of Object.entries(parameters)) {
    const now = await tensor.data<'float32'>();
    for (const [k, all] of averages.entries()) {
      const average = (all[name] ??= new Float32Array(now.length));
      for (let i = 0; i < now.length; i++) average[i] = now[i] + betas[k] * (average[i] - now[i]);
    }
  }
};

/** A vector of all parameters, by name. */
const byName = (vector: Float32Array, parameters: readonly ParameterSpec[]): Averages => {
  let at = 0;
  return Object.fromEntries(
    parameters.map(({ name, shape }) => [name, vector.slice(at, (at += tf.util.sizeFromShape([...shape])))]),
  );
};

/**
 * Averages of a run's generator as it trains (Karras et al. 2024, eq. 127), each of relative standard deviation `stds[k]`,
 * held where the run computes: on an accelerator, taking in a step moves nothing to the host. Their snapshots are what any
 * other width is made of afterwards, see `postHocParameters`.
 * @throws ArgumentError for a width outside (0, 0.2887]
 */
export const powerAverages = (run: Run, { stds = STDS }: { stds?: readonly number[] } = {}): PowerAverages => {
  const start = run.images;
  for (const std of stds) powerEmaBeta(std, 1, 1); // checks the width before work is lost
  const here = stds.map((): Averages => ({}));
  let held: HeldAverages | undefined;
  let seen = start;
  return {
    update: async () => {
      const [images, batch] = [run.images - start, run.images - seen];
      if (batch === 0) return;
      const betas = stds.map(std => powerEmaBeta(std, images, batch));
      held ??= await run.heldAverages(stds.length);
      if (held) await held.update(betas);
      else await takeIn(here, run.parameters('phi'), betas);
      seen = run.images;
    },
    snapshot: async () => {
      const { parameters: specs } = run.method.denoisers.phi!;
      const vectors = await held?.read();
      const all = vectors?.map(vector => byName(vector, specs)) ?? structuredClone(here);
      return stds.map((std, k) => ({ std, images: seen - start, parameters: all[k] }));
    },
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
