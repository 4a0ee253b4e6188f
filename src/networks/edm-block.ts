/*
 * The residual block of Karras et al. 2022 with self-attention, of which SongUNet (DDPM++, NCSN++) and ADM are made.
 * Axis letters: B batch, H W height and width, C channels, E embedding.
 */
import * as tf from '@tensorflow/tfjs-core';
import { attend, queriesKeysValues } from './attention';
import { groupNorm } from './group-norm';
import { conv, convSpec, dropout, type LayerInit, linear, linearSpec, normSpec, silu } from './layers';
import type { ParameterSpec, Tensors } from './parameters';
import { type Filter, resample } from './resample';
import type { Block } from './unet-plan';

/** What the blocks of one network have in common. */
export type BlockStyle = {
  /** E. */
  embedding: number;
  /** Added to the variance in group norms. */
  eps: number;
  /** Each sum with the input is multiplied by this. */
  skipScale: number;
  /** The embedding scales and shifts, instead of shifting only. */
  adaptiveScale: boolean;
  /** The skip of a resampling block has a 1 x 1 kernel although no channels change. */
  resampleProjection: boolean;
  /** The filter of resampling blocks. */
  filter: Filter;
  /** Rate in training mode. */
  dropout: number;
  /** `last`: conv1 and proj, which start near 0. */
  init: { plain: LayerInit; last: LayerInit; attention: LayerInit };
};

const hasSkipKernel = ({ from, to, resample }: Block, style: BlockStyle): boolean =>
  from !== to || (resample !== undefined && style.resampleProjection);

/** Parameters of a block under its name. */
export const edmBlockSpec = (block: Block, style: BlockStyle): ParameterSpec[] => {
  const { name, from, to, heads } = block;
  const { plain, last, attention } = style.init;
  const attentionSpec = (): ParameterSpec[] => [
    ...normSpec(`${name}.norm2`, to),
    ...convSpec(`${name}.qkv`, to, 3 * to, 1, attention),
    ...convSpec(`${name}.proj`, to, to, 1, last),
  ];
  return [
    ...normSpec(`${name}.norm0`, from),
    ...convSpec(`${name}.conv0`, from, to, 3, plain),
    ...linearSpec(`${name}.affine`, style.embedding, style.adaptiveScale ? 2 * to : to, { init: plain }),
    ...normSpec(`${name}.norm1`, to),
    ...convSpec(`${name}.conv1`, to, to, 3, last),
    ...(hasSkipKernel(block, style) ? convSpec(`${name}.skip`, from, to, 1, plain) : []),
    ...(heads > 0 ? attentionSpec() : []),
  ];
};

/** The attention branch: x [B, H, W, C] to proj(attend(qkv(norm2(x)))) of the same shape. */
export const attention = (p: Tensors, name: string, x: tf.Tensor, heads: number, eps: number): tf.Tensor => {
  const [B, H, W, C] = x.shape;
  const pixels = tf.reshape<tf.Rank.R2>(groupNorm(p, `${name}.norm2`, x, { eps }), [B * H * W, C]);
  const [q, k, v] = queriesKeysValues(pixels, p[`${name}.qkv.weight`], p[`${name}.qkv.bias`], [B, H * W, heads]);
  return conv(p, `${name}.proj`, tf.reshape(attend(q, k, v, heads), [B, H, W, C]));
};

/** x [B, H, W, from] and the embedding [B, E] to [B, H', W', to]; `noise` for dropout in training mode. */
export const edmBlock = (
  p: Tensors,
  block: Block,
  style: BlockStyle,
  x: tf.Tensor,
  embedding: tf.Tensor,
  noise?: tf.Tensor,
): tf.Tensor => {
  const { name, to, heads } = block;
  const { eps, skipScale, filter } = style;
  const resampling = { direction: block.resample, filter };
  const activated = groupNorm(p, `${name}.norm0`, x, { eps, activation: true });
  let h = conv(p, `${name}.conv0`, activated, resampling);
  const affine = tf.reshape(linear(p, `${name}.affine`, embedding), [-1, 1, 1, style.adaptiveScale ? 2 * to : to]);
  if (style.adaptiveScale) {
    const [scale, shift] = tf.split(affine, 2, 3);
    const normed = groupNorm(p, `${name}.norm1`, h, { eps });
    h = silu(tf.add(tf.mul(normed, tf.add(scale, 1)), shift));
  } else h = groupNorm(p, `${name}.norm1`, tf.add(h, affine), { eps, activation: true });
  h = conv(p, `${name}.conv1`, dropout(h, style.dropout, noise));
  const skip = hasSkipKernel(block, style)
    ? conv(p, `${name}.skip`, x, resampling)
    : resample(x, block.resample, filter);
  const scaled = (sum: tf.Tensor): tf.Tensor => (skipScale === 1 ? sum : tf.mul(sum, skipScale));
  const out = scaled(tf.add(h, skip));
  return heads > 0 ? scaled(tf.add(attention(p, name, out, heads, eps), out)) : out;
};
