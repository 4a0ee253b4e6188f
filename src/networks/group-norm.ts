/* Axis letters: B batch, H W height and width, C channels in groups of c. */
import * as tf from '@tensorflow/tfjs-core';
import { fail } from '../compute/check';
import { siluGradient } from './layers';
import type { Tensors } from './parameters';
import type { Block } from './unet-plan';

/** EDM's number of groups: min(32, C // 4). */
export const groupsOf = (channels: number): number => Math.min(32, Math.floor(channels / 4));

/** Checks that every block's channels divide into their groups. */
export const expectGroups = (where: string, blocks: readonly Block[]): void => {
  for (const width of blocks.flatMap(block => [block.from, block.to]))
    if (width % groupsOf(width) !== 0)
      fail(where, 'channels of a block', `divisible into ${groupsOf(width)} groups`, width);
};

/** Takes sums over pixels [B, C] to means over pixels and group, one for every channel: a matrix [C, C]. */
const groupMeans = (C: number, groups: number, pixels: number): tf.Tensor2D => {
  const c = C / groups;
  const weights = new Float32Array(C * C);
  for (let i = 0; i < C; i++) weights.fill(1 / (c * pixels), i * C + i - (i % c), i * C + i - (i % c) + c);
  return tf.tensor2d(weights, [C, C]);
};

/** Sums over pixels: [B, H, W, C] to [B, C]. */
const overPixels = (x: tf.Tensor): tf.Tensor2D => {
  const [B, H, W, C] = x.shape;
  return tf.sum(tf.reshape(x, [B, H * W, C]), 1);
};

/** [B, C] for every pixel. */
const spread = (perChannel: tf.Tensor): tf.Tensor => {
  const [B, C] = perChannel.shape;
  return tf.reshape(perChannel, [B, 1, 1, C]);
};

/**
 * Group normalisation, optionally followed by SiLU, [B, H, W, C] to the same shape; biased variance.
 * One operation with a gradient of its own: autodiff through means and variances costs several times as many passes.
 */
export const groupNorm = (
  p: Tensors,
  name: string,
  x: tf.Tensor,
  { eps = 1e-6, activation = false }: { eps?: number; activation?: boolean } = {},
): tf.Tensor => {
  const [, H, W, C] = x.shape;
  const means = (sums: tf.Tensor): tf.Tensor2D => tf.matMul(sums, groupMeans(C, groupsOf(C), H * W));
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, weight, bias] = args as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as tf.GradSaveFunc;
    const centred = tf.sub(input, spread(means(overPixels(input))));
    const rstd = tf.rsqrt(tf.add(means(overPixels(tf.square(centred))), eps)); // [B, C]
    const scale = tf.mul(rstd, weight);
    const normed = tf.add(tf.mul(centred, spread(scale)), bias);
    const gate = activation ? tf.sigmoid(normed) : tf.scalar(1);
    const value = activation ? tf.mul(normed, gate) : normed;
    save(activation ? [centred, rstd, scale, gate, value] : [centred, rstd, scale]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [d, r, a, g, y] = saved;
      const dn = activation ? siluGradient(dy, g, y) : dy;
      const [sum, sumX] = [overPixels(dn), overPixels(tf.mul(dn, d))];
      // r is the same throughout a group: it may enter the means
      const pull = means(tf.mul(sumX, tf.mul(a, tf.square(r))));
      const shift = means(tf.mul(sum, a));
      const dx = tf.sub(tf.mul(dn, spread(a)), tf.add(tf.mul(d, spread(pull)), spread(shift)));
      return [dx, tf.sum(tf.mul(sumX, r), 0), tf.sum(sum, 0)];
    };
    return { value, gradFunc };
  });
  return op(x, p[`${name}.weight`], p[`${name}.bias`]);
};
