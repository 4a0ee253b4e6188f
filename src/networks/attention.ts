/* Axis letters: B batch, N = H W pixels, C = h c channels in h heads of c. */
import * as tf from '@tensorflow/tfjs-core';

/** Queries, keys or values of every head, [B h, N, c]. */
type PerHead = tf.Tensor3D;

/**
 * Rows of pixels [B N, C] through the q, k and v parts of a weight [1, 1, C, 3C] (and a bias [3C]) whose output channels
 * are ordered [head][channel in head][q, k, v]. The weight's columns are sorted here, cheaper than sorting pixels.
 */
export const queriesKeysValues = (
  pixels: tf.Tensor2D,
  weight: tf.Tensor,
  bias: tf.Tensor | undefined,
  [B, N, heads]: readonly [number, number, number],
): PerHead[] => {
  const C = pixels.shape[1];
  const c = C / heads;
  const weights = tf.transpose(tf.reshape(weight, [C, C, 3]), [2, 0, 1]);
  const biases = bias && tf.transpose(tf.reshape(bias, [C, 3]));
  return [0, 1, 2].map(i => {
    const product = tf.matMul(pixels, tf.reshape<tf.Rank.R2>(tf.slice(weights, [i, 0, 0], [1, C, C]), [C, C]));
    const y = biases ? tf.add(product, tf.slice(biases, [i, 0], [1, C])) : product;
    const heads4 = tf.transpose(tf.reshape(y, [B, N, heads, c]), [0, 2, 1, 3]); // [B, h, N, c]
    return tf.reshape<tf.Rank.R3>(heads4, [B * heads, N, c]);
  });
};

/** softmax(q k^T / sqrt(c)) v with the heads side by side again: three [B h, N, c] to [B, N, C]. */
export const attend = (q: PerHead, k: PerHead, v: PerHead, heads: number): tf.Tensor3D => {
  const [Bh, N, c] = q.shape;
  const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(c)));
  const attended = tf.reshape(tf.matMul(weights, v), [Bh / heads, heads, N, c]);
  return tf.reshape<tf.Rank.R3>(tf.transpose(attended, [0, 2, 1, 3]), [Bh / heads, N, heads * c]);
};
