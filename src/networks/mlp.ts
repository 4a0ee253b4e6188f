/* A residual MLP for points. Axis letters: B batch, d dimensions of a point, E width. */
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectShape, fail, withDefaults } from '../compute/check';
import { linear, linearSpec, silu, xavier } from './layers';
import type { Network, NetworkInput } from './network';
import type { Tensors } from './parameters';
import { LARGEST } from './unet-plan';
import { type EmbeddingConfig, embeddingSpec, secondTimeSpec, timeEmbedding } from './time-embedding';

/** Options of the residual MLP. */
export type MlpConfig = {
  /** D. */
  dimensions: number;
  /** Hidden channels and embedding width. */
  width: number;
  /** Residual blocks of two layers. */
  blocks: number;
  /** 0: unconditional. */
  classes: number;
  /** The auxiliary's extra embedding of t. */
  secondTime: boolean;
};

/** Points change within a narrow range of c_noise, which the reference's frequencies up to 1 hardly tell apart. */
const TIME_SCALE = 16;

/** What an MLP is where its configuration does not say otherwise. */
export const MLP_DEFAULTS: MlpConfig = { dimensions: 2, width: 128, blocks: 3, classes: 0, secondTime: false };

/**
 * h = W x; h <- h + W1 silu(W0 silu(h) + emb) in each block; F = W silu(h). The last layer starts small, as in DDPM++, so
 * D starts as c_skip x.
 * @throws ArgumentError for unknown keys and wrong types.
 */
export const mlp = (options: Partial<MlpConfig>): Network => {
  const config = withDefaults('mlp', options, MLP_DEFAULTS);
  const { dimensions, width, blocks, classes, secondTime } = config;
  expectInteger('mlp', 'dimensions', dimensions, { min: 1, max: LARGEST.features });
  expectInteger('mlp', 'width', width, { min: 4, max: LARGEST.features });
  if (width % 2 !== 0) fail('mlp', 'width', 'even', width); // as many sines as cosines in the embedding
  expectInteger('mlp', 'blocks', blocks, { min: 1, max: 1000 });
  expectInteger('mlp', 'classes', classes, { max: LARGEST.classes });
  const embedding: EmbeddingConfig = {
    features: 'positional',
    noiseChannels: width,
    embeddingChannels: width,
    classes,
    augmentDim: 0,
    secondTime,
    timeScale: TIME_SCALE,
  };
  const names = Array.from({ length: blocks }, (_, i) => `model.block${i}`);
  return {
    config: { kind: 'mlp', ...config },
    sampleShape: [dimensions],
    classes,
    parameters: [
      ...embeddingSpec('model.', embedding),
      ...linearSpec('model.in', dimensions, width),
      ...names.flatMap(name => [
        ...linearSpec(`${name}.linear0`, width, width),
        ...linearSpec(`${name}.linear1`, width, width),
      ]),
      ...linearSpec('model.out', width, dimensions, { init: xavier(1e-5) }),
      ...secondTimeSpec('model.', embedding),
    ],
    dropout: [],
    apply: (p: Tensors, { x, cNoise, cNoiseT, conditioning }: NetworkInput): tf.Tensor => {
      expectShape('mlp', 'x', x, [-1, dimensions]);
      const emb = timeEmbedding(p, 'model.', embedding, cNoise, conditioning, cNoiseT);
      let h = linear(p, 'model.in', x);
      for (const name of names)
        h = tf.add(h, linear(p, `${name}.linear1`, silu(tf.add(linear(p, `${name}.linear0`, silu(h)), emb))));
      return linear(p, 'model.out', silu(h));
    },
  };
};
