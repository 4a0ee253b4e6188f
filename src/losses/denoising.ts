/* Denoising losses, by which teachers are pretrained. */
import * as tf from '@tensorflow/tfjs-core';
import { perSample } from '../diffusion';
import { edmWeight } from './weights';

/** EDM's loss per element: w(sigma) (D(x_0 + sigma n, sigma) - x_0)^2; denoised, x0 [B, ...], sigma [B] to [B, ...]. */
export const denoisingLoss = (denoised: tf.Tensor, x0: tf.Tensor, sigma: tf.Tensor, sigmaData = 0.5): tf.Tensor =>
  tf.mul(perSample(edmWeight(sigma, sigmaData), x0), tf.squaredDifference(denoised, x0));

/** The loss of VP and VE per element: (D - x_0)^2 / sigma^2; denoised, x0 [B, ...], sigma [B] to [B, ...]. */
export const inverseVarianceLoss = (denoised: tf.Tensor, x0: tf.Tensor, sigma: tf.Tensor): tf.Tensor =>
  tf.div(tf.squaredDifference(denoised, x0), perSample(tf.square(sigma), x0));

/**
 * EDM2's loss per element (Karras et al. 2024, eq. 21): loss / exp(u) + u, u the predicted log variance of the loss at this
 * noise level; loss [B, ...], logvar [B] to [B, ...].
 */
export const uncertaintyLoss = (loss: tf.Tensor, logvar: tf.Tensor): tf.Tensor => {
  const u = perSample(logvar, loss);
  return tf.add(tf.div(loss, tf.exp(u)), u);
};
