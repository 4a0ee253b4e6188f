/* Axis letters: B batch, N = H W pixels, C = h c channels in h heads of c. */
import * as tf from '@tensorflow/tfjs-core';
import { groupNorm } from './group-norm';
import { conv, convSpec, normSpec } from './layers';
import type { ParameterSpec, Tensors } from './parameters';

/** Parameters of EDM's self-attention: `norm2`, `qkv`, `proj` under the block's name. */
export const attentionSpec = (block: string, channels: number): ParameterSpec[] => [
  ...normSpec(`${block}.norm2`, channels),
  ...convSpec(`${block}.qkv`, channels, 3 * channels, 1, Math.sqrt(0.2)),
  ...convSpec(`${block}.proj`, channels, channels, 1, 1e-5),
];

/**
 * EDM's self-attention branch, x [B, H, W, C] to proj(attend(qkv(norm2(x)))). The output channels of `qkv` are ordered
 * [head][channel in head][q, k, v]; its columns are sorted into q, k and v here, which is cheaper than sorting pixels.
 */
export const attention = (p: Tensors, block: string, x: tf.Tensor, heads: number): tf.Tensor => {
  const [B, H, W, C] = x.shape;
  const [N, c] = [H * W, C / heads];
  const pixels = tf.reshape<tf.Rank.R2>(groupNorm(p, `${block}.norm2`, x), [B * N, C]);
  const weights = tf.transpose(tf.reshape(p[`${block}.qkv.weight`], [C, C, 3]), [2, 0, 1]);
  const biases = tf.transpose(tf.reshape(p[`${block}.qkv.bias`], [C, 3]));
  const part = (i: number): tf.Tensor => {
    const weight = tf.reshape<tf.Rank.R2>(tf.slice(weights, [i, 0, 0], [1, C, C]), [C, C]);
    const y = tf.add(tf.matMul(pixels, weight), tf.slice(biases, [i, 0], [1, C]));
    return tf.transpose(tf.reshape(y, [B, N, heads, c]), [0, 2, 1, 3]); // [B, h, N, c]
  };
  const batched = (t: tf.Tensor): tf.Tensor3D => tf.reshape<tf.Rank.R3>(t, [B * heads, N, c]);
  const [q, k, v] = [0, 1, 2].map(i => batched(part(i)));
  const attended = tf.matMul(tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(c))), v);
  const merged = tf.transpose(tf.reshape(attended, [B, heads, N, c]), [0, 2, 1, 3]);
  return conv(p, `${block}.proj`, tf.reshape(merged, [B, H, W, C]));
};
