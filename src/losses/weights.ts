import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from '../compute/tensors';
import { perSample } from '../diffusion';

/** EDM's weight w(sigma) = (sigma^2 + sd^2) / (sigma sd)^2, [B] to [B]. */
export const edmWeight = (sigma: tf.Tensor, sigmaData = 0.5): tf.Tensor =>
  tf.div(tf.add(tf.square(sigma), sigmaData ** 2), tf.square(tf.mul(sigma, sigmaData)));

/** SiD's weight of the first stage is 1 / c with c = max(mean |xhat - D|, 1e-5) per sample, a constant: [B, 1, ...]. */
export const sampleScale = (xHat: tf.Tensor, D: tf.Tensor): tf.Tensor => {
  const axes = [...xHat.shape.keys()].slice(1);
  return stopGradient(perSample(tf.maximum(tf.mean(tf.abs(tf.sub(xHat, D)), axes), 1e-5), xHat));
};
