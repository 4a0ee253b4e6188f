import type * as tf from '@tensorflow/tfjs-core';

/** What the losses of a distillation are made of, all [B, ...sampleShape] but s [B]. */
export type LossInputs = {
  /** The generator's clean sample xhat = G(x_t, t). */
  xHat: tf.Tensor;
  /** What the teacher makes of x_s. */
  D: tf.Tensor;
  /** What the auxiliary makes of x_s. */
  F: tf.Tensor;
  /** Noise level of x_s. */
  s: tf.Tensor;
};
