/* Axis letters: B batch, N = H W pixels, C channels, G groups of c channels each. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from './parameters';

/** EDM's number of groups: min(32, C // 4). */
export const groupsOf = (channels: number): number => Math.min(32, Math.floor(channels / 4));

/** Means over each group of per-channel means, given back to every channel: [B, C] to [B, C]. */
const overGroup = (perChannel: tf.Tensor, groups: number): tf.Tensor => {
  const [B, C] = perChannel.shape;
  const grouped = tf.mean(tf.reshape(perChannel, [B, groups, C / groups]), 2, true);
  return tf.reshape(tf.mul(grouped, tf.ones([1, 1, C / groups])), [B, C]);
};

/** Means over pixels: [B, H, W, C] to [B, C]. */
const overPixels = (x: tf.Tensor): tf.Tensor => {
  const [B, H, W, C] = x.shape;
  return tf.mean(tf.reshape(x, [B, H * W, C]), 1);
};

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
  const groups = groupsOf(C);
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, weight, bias] = args as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as tf.GradSaveFunc;
    const centred = tf.sub(input, spread(overGroup(overPixels(input), groups)));
    const variance = overGroup(overPixels(tf.square(centred)), groups);
    const rstd = tf.rsqrt(tf.add(variance, eps)); // [B, C]
    const normed = tf.add(tf.mul(centred, spread(tf.mul(rstd, weight))), bias);
    const gate = activation ? tf.sigmoid(normed) : tf.scalar(1);
    const value = activation ? tf.mul(normed, gate) : normed;
    save(activation ? [centred, rstd, weight, gate, value] : [centred, rstd, weight]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [d, r, w, g, y] = saved;
      // d silu(n) = g + n g (1 - g) = g + y (1 - g)
      const dn = activation ? tf.mul(dy, tf.add(g, tf.mul(y, tf.sub(1, g)))) : dy;
      const meanDn = overPixels(dn); // [B, C]
      const meanDnX = tf.mul(overPixels(tf.mul(dn, d)), r); // against the normalised input
      const pull = tf.mul(tf.mul(tf.square(r), overGroup(tf.mul(meanDnX, w), groups)), -1);
      const shift = tf.mul(tf.mul(r, overGroup(tf.mul(meanDn, w), groups)), -1);
      const dx = tf.add(tf.add(tf.mul(dn, spread(tf.mul(r, w))), tf.mul(d, spread(pull))), spread(shift));
      return [dx, tf.mul(tf.sum(meanDnX, 0), H * W), tf.mul(tf.sum(meanDn, 0), H * W)];
    };
    return { value, gradFunc };
  });
  return op(x, p[`${name}.weight`], p[`${name}.bias`]);
};
