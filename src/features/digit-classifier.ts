/* The network whose features and answers drawn digits are measured by. Axis letters: B batch, H W height and width, C channels. */
import type { Points } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectShape, fail, withDefaults } from '../compute/check';
import type { Tensors } from '../compute/tensors';
import { conv, convSpec, linear, linearSpec, type ParameterSpec, resample, silu } from '../networks';

export const RESOLUTION = 16;
const PIXELS = RESOLUTION * RESOLUTION;
export const FEATURES = 64;
export const CLASSES = 10;

/** A small convolutional network for drawn digits as pure functions over its named parameters. */
export type DigitClassifier = {
  parameters: readonly ParameterSpec[];
  /** x [B, 16, 16, 1] in [-1, 1] to the activations of the last hidden layer [B, 64]: where Fréchet distances are taken. */
  features: (parameters: Tensors, x: tf.Tensor) => tf.Tensor;
  /** The same features together with the logits [B, 10] that a linear layer makes of them. */
  logits: (parameters: Tensors, x: tf.Tensor) => { features: tf.Tensor; logits: tf.Tensor };
};

const features = (p: Tensors, x: tf.Tensor): tf.Tensor => {
  expectShape('digitClassifier', 'x', x, [-1, RESOLUTION, RESOLUTION, 1]);
  let h = resample(silu(conv(p, 'conv0', x)), 'down'); // [B, 8, 8, 16]
  h = resample(silu(conv(p, 'conv1', h)), 'down'); // [B, 4, 4, 32]
  h = silu(conv(p, 'conv2', h)); // [B, 4, 4, 64]
  return silu(linear(p, 'hidden', tf.reshape(h, [x.shape[0], -1])));
};

/** Three convolutions with 2 x 2 means between them, a hidden layer of 64 features, a linear layer; all activations silu. */
export const digitClassifier: DigitClassifier = {
  parameters: [
    ...convSpec('conv0', 1, 16, 3),
    ...convSpec('conv1', 16, 32, 3),
    ...convSpec('conv2', 32, 64, 3),
    ...linearSpec('hidden', 4 * 4 * 64, FEATURES),
    ...linearSpec('output', FEATURES, CLASSES),
  ],
  features,
  logits: (p, x) => {
    const h = features(p, x);
    return { features: h, logits: linear(p, 'output', h) };
  },
};

/** What the classifier makes of n images. */
export type Classified = {
  /** [n, 64]. */
  features: Points;
  /** [n, 10]. */
  logits: Points;
};

/**
 * Features and logits of images [n, 16, 16, 1] in [-1, 1] on the host, `batch` at a time: memory, never results. The
 * parameters stay the caller's; no tensor is left behind.
 * @throws ArgumentError when there are not 256 n pixels
 */
export const classify = async (
  parameters: Tensors,
  images: Float32Array,
  n: number,
  options: { batch?: number } = {},
): Promise<Classified> => {
  const { batch } = withDefaults('classify', options, { batch: 250 });
  expectInteger('classify', 'n', n, { min: 1 });
  expectInteger('classify', 'batch', batch, { min: 1 });
  if (images.length !== n * PIXELS) fail('classify', 'images', `${n} x ${PIXELS} pixels`, images);

  const result: Classified = {
    features: { data: new Float32Array(n * FEATURES), n, d: FEATURES },
    logits: { data: new Float32Array(n * CLASSES), n, d: CLASSES },
  };
  for (let first = 0; first < n; first += batch) {
    const count = Math.min(batch, n - first);
    const made = tf.tidy(() => {
      const pixels = images.subarray(first * PIXELS, (first + count) * PIXELS);
      return digitClassifier.logits(parameters, tf.tensor(pixels, [count, RESOLUTION, RESOLUTION, 1]));
    });
    result.features.data.set(await made.features.data(), first * FEATURES);
    result.logits.data.set(await made.logits.data(), first * CLASSES);
    tf.dispose(made);
    await new Promise(resolve => setImmediate(resolve)); // a notebook's event loop stays alive
  }
  return result;
};
