import * as tf from '@tensorflow/tfjs-core';
import { linear, linearSpec, silu } from './layers';
import type { ParameterSpec, Tensors } from './parameters';

/** What a network is told besides the noisy sample. */
export type Conditioning = {
  labels?: tf.Tensor; // class labels as one-hot rows [B, classes]; absent or a zero row: no class
  augment?: tf.Tensor; // augmentation labels [B, augmentDim]
};

/** Sizes of the embedding branch. */
export type EmbeddingConfig = {
  noiseChannels: number; // width of the positional embedding
  embeddingChannels: number; // width E of the result
  classes: number; // 0: unconditional
  augmentDim: number; // 0: none
  secondTime: boolean; // the auxiliary's extra branch for t
  timeScale: number; // c_noise is multiplied by this; 1 in the reference's networks
};

/** Ending of the names of the auxiliary's branch for t. */
const SECOND = '_t';

const branchSpec = (
  prefix: string,
  branch: string,
  { noiseChannels, embeddingChannels }: EmbeddingConfig,
): ParameterSpec[] => [
  ...linearSpec(`${prefix}map_layer0${branch}`, noiseChannels, embeddingChannels),
  ...linearSpec(`${prefix}map_layer1${branch}`, embeddingChannels, embeddingChannels),
];

/** Parameters of the embedding of s, labels and augmentation. */
export const embeddingSpec = (prefix: string, config: EmbeddingConfig): ParameterSpec[] => [
  ...(config.classes ? linearSpec(`${prefix}map_label`, config.classes, config.noiseChannels) : []),
  ...(config.augmentDim
    ? linearSpec(`${prefix}map_augment`, config.augmentDim, config.noiseChannels, { bias: false })
    : []),
  ...branchSpec(prefix, '', config),
];

/** Parameters of the auxiliary's branch for t (Appendix C), last in a network's order. */
export const secondTimeSpec = (prefix: string, config: EmbeddingConfig): ParameterSpec[] =>
  config.secondTime ? branchSpec(prefix, SECOND, config) : [];

/** [sin, cos] of c_noise [B] at n/2 frequencies from `timeScale` down to 1/10000 of it: [B, n]. */
const positional = (cNoise: tf.Tensor, { noiseChannels, timeScale }: EmbeddingConfig): tf.Tensor => {
  const half = noiseChannels / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => timeScale * 10000 ** (-i / (half - 1)));
  const angles = tf.mul(tf.reshape(cNoise, [-1, 1]), tf.tensor2d(frequencies, [1, half]));
  return tf.concat([tf.sin(angles), tf.cos(angles)], 1);
};

const branch = (p: Tensors, prefix: string, ending: string, input: tf.Tensor): tf.Tensor =>
  silu(linear(p, `${prefix}map_layer1${ending}`, silu(linear(p, `${prefix}map_layer0${ending}`, input))));

/**
 * SongUNet's embedding: noise level and labels to [B, E]; labels enter before the two layers, scaled by sqrt(classes).
 * The auxiliary adds E_t, a second branch of the same shape for t without labels: emb = E_s + E_t (Appendix C).
 */
export const timeEmbedding = (
  p: Tensors,
  prefix: string,
  config: EmbeddingConfig,
  cNoise: tf.Tensor,
  { labels, augment }: Conditioning,
  cNoiseT?: tf.Tensor,
): tf.Tensor => {
  const B = cNoise.shape[0];
  let input = positional(cNoise, config);
  if (config.classes) {
    const rows = labels ? tf.mul(labels, Math.sqrt(config.classes)) : tf.zeros([B, config.classes]);
    input = tf.add(input, linear(p, `${prefix}map_label`, rows));
  }
  if (config.augmentDim && augment) input = tf.add(input, linear(p, `${prefix}map_augment`, augment));
  const embedding = branch(p, prefix, '', input);
  return cNoiseT ? tf.add(embedding, branch(p, prefix, SECOND, positional(cNoiseT, config))) : embedding;
};
