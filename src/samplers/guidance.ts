import * as tf from '@tensorflow/tfjs-core';
import type { Model } from '../networks';
import type { DenoiseAt, Level } from './steps';

/** A weaker network, and the weight of the denoiser against it. */
export type Guided = { model: Model; weight: Level };

/** D(x, sigma) at one noise level for the whole batch. */
const denoiseAt = (
  { denoiser, parameters }: Model,
  x: tf.Tensor,
  sigma: Level,
  labels: tf.Tensor | undefined,
): tf.Tensor => {
  const levels = typeof sigma === 'number' ? tf.fill([x.shape[0]], sigma) : tf.mul(tf.ones([x.shape[0]]), sigma);
  return denoiser.denoise(parameters, x, levels, { labels });
};

/** D = D_guide + g (D_main - D_guide) where there is a guide; it gets the labels if it takes any. */
export const guidedDenoise =
  (model: Model, guided: Guided | undefined, labels: tf.Tensor | undefined): DenoiseAt =>
  (x, level) => {
    const main = denoiseAt(model, x, level, labels);
    if (!guided) return main;
    const { model: guide, weight } = guided;
    const other = denoiseAt(guide, x, level, guide.denoiser.classes > 0 ? labels : undefined);
    return tf.add(other, tf.mul(tf.sub(main, other), weight));
  };
