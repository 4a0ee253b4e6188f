import * as tf from '@tensorflow/tfjs-core';
import { linear, linearSpec, silu } from './layers';
import { fourierFeatures, fourierSpec, positionalFeatures, swapHalves } from './noise-features';
import type { ParameterSpec, Tensors } from './parameters';

/** What a network is told besides the noisy sample. */
export type Conditioning = {
  /** Class labels as one-hot rows [B, classes]; absent or a zero row: no class. */
  labels?: tf.Tensor;
  /** Augmentation labels [B, augmentDim]. */
  augment?: tf.Tensor;
};

/** Sizes of the embedding branch. */
export type EmbeddingConfig = {
  /** Of the noise level: fixed frequencies, or a stored table of random ones. */
  features: 'positional' | 'fourier';
  /** Number of these features. */
  noiseChannels: number;
  /** Width E of the result. */
  embeddingChannels: number;
  /** 0: unconditional. */
  classes: number;
  /** 0: none. */
  augmentDim: number;
  /** The auxiliary's extra branch for t. */
  secondTime: boolean;
  /** c_noise is multiplied by this; 1 in the reference's networks. */
  timeScale: number;
};

/** Ending of the names of the auxiliary's branch for t. */
export const SECOND = '_t';

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
  ...(config.features === 'fourier' ? fourierSpec(`${prefix}map_noise`, config.noiseChannels) : []),
  ...(config.classes ? linearSpec(`${prefix}map_label`, config.classes, config.noiseChannels) : []),
  ...(config.augmentDim
    ? linearSpec(`${prefix}map_augment`, config.augmentDim, config.noiseChannels, { bias: false })
    : []),
  ...branchSpec(prefix, '', config),
];

/** Parameters of the auxiliary's branch for t (Appendix C), last in a network's order. */
export const secondTimeSpec = (prefix: string, config: EmbeddingConfig): ParameterSpec[] =>
  config.secondTime ? branchSpec(prefix, SECOND, config) : [];

/** SongUNet's features [sin, cos] of c_noise [B]: [B, noiseChannels]. Both times share a stored table. */
const featuresOf = (p: Tensors, prefix: string, config: EmbeddingConfig, cNoise: tf.Tensor): tf.Tensor =>
  swapHalves(
    config.features === 'fourier'
      ? fourierFeatures(p, `${prefix}map_noise`, cNoise)
      : positionalFeatures(cNoise, config.noiseChannels, { endpoint: true, scale: config.timeScale }),
  );

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
  let input = featuresOf(p, prefix, config, cNoise);
  if (config.classes) {
    const rows = labels ? tf.mul(labels, Math.sqrt(config.classes)) : tf.zeros([B, config.classes]);
    input = tf.add(input, linear(p, `${prefix}map_label`, rows));
  }
  if (config.augmentDim && augment) input = tf.add(input, linear(p, `${prefix}map_augment`, augment));
  const embedding = branch(p, prefix, '', input);
  return cNoiseT ? tf.add(embedding, branch(p, prefix, SECOND, featuresOf(p, prefix, config, cNoiseT))) : embedding;
};
