import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../compute/tensors';

/** Options of EDM's moving average of the generator. */
export type EmaOptions = {
  /** Images, 0.5 M on CIFAR-10. */
  halflife: number;
  /** The half-life is at most this share of the images seen, 0.05. */
  rampup: number;
};

/**
 * EDM: beta = 0.5^(batch / max(min(halflife, rampup * imagesSeen), 1e-8)). `imagesSeen` does not yet count this batch, so
 * the first beta is 0: the average starts as a copy.
 */
export const emaBeta = (imagesSeen: number, batch: number, { halflife, rampup }: EmaOptions): number =>
  0.5 ** (batch / Math.max(Math.min(halflife, rampup * imagesSeen), 1e-8));

/** ema <- phi + beta (ema - phi), beta a rank-0 tensor. */
export const emaUpdate = (ema: Tensors, phi: Tensors, beta: tf.Tensor): Tensors =>
  Object.fromEntries(
    Object.keys(phi).map(name => [name, tf.add(phi[name], tf.mul(tf.sub(ema[name], phi[name]), beta))]),
  );
