/* The noise level as a vector of sines and cosines. Axis letters: B batch, n features. */
import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from '../compute/tensors';
import type { ParameterSpec, Tensors } from './parameters';

/** c_noise [B] times frequencies [h] to angles [B, h]. */
const anglesOf = (cNoise: tf.Tensor, frequencies: tf.Tensor): tf.Tensor =>
  tf.mul(tf.reshape(cNoise, [-1, 1]), tf.reshape(frequencies, [1, -1]));

/**
 * [cos, sin] of c_noise [B] at h = n / 2 fixed frequencies, [B, n]: `scale` times 10000^(-i / (h - 1)) with the endpoint
 * (SongUNet), 10000^(-i / h) without (ADM).
 */
export const positionalFeatures = (
  cNoise: tf.Tensor,
  n: number,
  { endpoint, scale = 1 }: { endpoint: boolean; scale?: number },
): tf.Tensor => {
  const half = n / 2;
  const last = endpoint ? half - 1 : half;
  const angles = anglesOf(
    cNoise,
    tf.tensor1d(Float32Array.from({ length: half }, (_, i) => scale * 10000 ** (-i / last))),
  );
  return tf.concat([tf.cos(angles), tf.sin(angles)], 1);
};

/** The table of NCSN++: n / 2 normal frequencies times 16, a constant under the reference's name. */
export const fourierSpec = (name: string, n: number): ParameterSpec[] => [
  { name: `${name}.freqs`, shape: [n / 2], init: { kind: 'normal', scale: 16 }, constant: true },
];

/** [cos, sin] of 2 pi f c_noise at the stored frequencies f: [B] to [B, n]. */
export const fourierFeatures = (p: Tensors, name: string, cNoise: tf.Tensor): tf.Tensor => {
  const angles = anglesOf(cNoise, tf.mul(stopGradient(p[`${name}.freqs`]), 2 * Math.PI));
  return tf.concat([tf.cos(angles), tf.sin(angles)], 1);
};

/** [cos, sin] to [sin, cos], SongUNet's order. */
export const swapHalves = (features: tf.Tensor): tf.Tensor => {
  const [first, second] = tf.split(features, 2, 1);
  return tf.concat([second, first], 1);
};
