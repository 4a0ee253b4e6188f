import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../compute/tensors';

/** Adam's options, Table 5. */
export type AdamOptions = {
  /** 1e-5 on CIFAR-10. */
  learningRate: number;
  /** 0. */
  beta1: number;
  /** 0.999. */
  beta2: number;
  /** 1e-8; above 0, also in float32. */
  eps: number;
};

/** The two numbers of an Adam step that depend on its number k = 1, 2, ...: they are inputs, so that the step is pure. */
export type AdamScalars = { stepSize: number; varianceScale: number };

/** Bias corrections of step k, as PyTorch: p -= stepSize m / (sqrt(v) varianceScale + eps). */
export const adamScalars = (k: number, { learningRate, beta1, beta2 }: AdamOptions): AdamScalars => ({
  stepSize: learningRate / (1 - beta1 ** k),
  varianceScale: 1 / Math.sqrt(1 - beta2 ** k),
});

/** All tensors behind one another, [n], in the record's order. */
export const flatten = (tensors: Tensors): tf.Tensor1D =>
  tf.concat(Object.values(tensors).map(t => tf.reshape<tf.Rank.R1>(t, [t.size])));

/** The inverse of `flatten`: flat [n] to tensors shaped like `like`, in its order. */
export const unflatten = (flat: tf.Tensor, like: Record<string, { shape: number[]; size: number }>): Tensors => {
  const result: Tensors = {};
  let at = 0;
  for (const [name, { shape, size }] of Object.entries(like)) {
    result[name] = tf.reshape(tf.slice(flat, [at], [size]), shape);
    at += size;
  }
  return result;
};

/** Adam's moments, one vector over all parameters in their order; `m` only where beta1 > 0. */
export type Moments = { m?: tf.Tensor; v: tf.Tensor };

/** One Adam step on whole vectors: the change of the parameters [n] and the new moments. `scalars` are rank-0 tensors. */
export const adam = (
  gradient: tf.Tensor,
  { m, v }: Moments,
  { stepSize, varianceScale }: { stepSize: tf.Tensor; varianceScale: tf.Tensor },
  { beta1, beta2, eps }: AdamOptions,
): { change: tf.Tensor; moments: Moments } => {
  const first = m && tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1));
  const second = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const denominator = tf.add(tf.mul(tf.sqrt(second), varianceScale), eps); // eps after the corrected root, as PyTorch
  const change = tf.mul(tf.div(first ?? gradient, denominator), tf.neg(stepSize));
  return { change, moments: first ? { m: first, v: second } : { v: second } };
};
