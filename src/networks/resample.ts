import * as tf from '@tensorflow/tfjs-core';

/** 2 x 2 means: [B, H, W, C] to [B, H/2, W/2, C]. */
const means = (x: tf.Tensor): tf.Tensor => tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid');

/** Every pixel four times: [B, H, W, C] to [B, 2H, 2W, C]. */
const copies = (x: tf.Tensor): tf.Tensor => {
  const [, H, W] = x.shape;
  return tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [2 * H, 2 * W]);
};

/** Resampling by the filter [1, 1]; each direction is the other's adjoint up to a factor 4, which tfjs does not know. */
export const downsample = tf.customGrad(x => ({
  value: means(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => tf.mul(copies(dy), 0.25),
}));

export const upsample = tf.customGrad(x => ({
  value: copies(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => tf.mul(means(dy), 4),
}));
