/* The autoencoder of drawn digits. Axis letters: B batch, H W height and width, C channels. */
import type * as tf from '@tensorflow/tfjs-core';
import { expectShape } from '../compute/check';
import type { Tensors } from '../compute/tensors';
import { conv, convSpec, silu } from './layers';
import type { ParameterSpec } from './parameters';
import { resample } from './resample';

/** A small convolutional autoencoder as pure functions over its named parameters. */
export type DigitAutoencoder = {
  imageShape: readonly [H: number, W: number, C: number];
  latentShape: readonly [H: number, W: number, C: number];
  parameters: readonly ParameterSpec[];
  /** Images [B, 32, 32, 1] in [-1, 1] to raw latents [B, 8, 8, 4]. */
  encode: (parameters: Tensors, images: tf.Tensor) => tf.Tensor;
  /** Raw latents [B, 8, 8, 4] to images [B, 32, 32, 1], not clipped. */
  decode: (parameters: Tensors, latents: tf.Tensor) => tf.Tensor;
};

/** Convolutions with 2 x 2 means between them on the way down and 2 x 2 copies on the way up; all activations silu. */
export const digitAutoencoder: DigitAutoencoder = {
  imageShape: [32, 32, 1],
  latentShape: [8, 8, 4],
  parameters: [
    ...convSpec('encoder.conv0', 1, 16, 3),
    ...convSpec('encoder.conv1', 16, 32, 3),
    ...convSpec('encoder.conv2', 32, 32, 3),
    ...convSpec('encoder.latents', 32, 4, 3),
    ...convSpec('decoder.conv0', 4, 32, 3),
    ...convSpec('decoder.conv1', 32, 32, 3),
    ...convSpec('decoder.conv2', 32, 32, 3),
    ...convSpec('decoder.conv3', 32, 16, 3),
    ...convSpec('decoder.image', 16, 1, 3),
  ],
  encode: (p, images) => {
    expectShape('digitAutoencoder', 'images', images, [-1, 32, 32, 1]);
    let h = resample(silu(conv(p, 'encoder.conv0', images)), 'down'); // [B, 16, 16, 16]
    h = resample(silu(conv(p, 'encoder.conv1', h)), 'down'); // [B, 8, 8, 32]
    h = silu(conv(p, 'encoder.conv2', h));
    return conv(p, 'encoder.latents', h);
  },
  decode: (p, latents) => {
    expectShape('digitAutoencoder', 'latents', latents, [-1, 8, 8, 4]);
    let h = silu(conv(p, 'decoder.conv0', latents)); // [B, 8, 8, 32]
    h = resample(silu(conv(p, 'decoder.conv1', h)), 'up'); // [B, 16, 16, 32]
    h = resample(silu(conv(p, 'decoder.conv2', h)), 'up'); // [B, 32, 32, 32]
    return conv(p, 'decoder.image', silu(conv(p, 'decoder.conv3', h)));
  },
};
