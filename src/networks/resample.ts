/* Resampling by 2. Axis letters: B batch, H W height and width, C channels. */
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, fail } from '../compute/check';

export type Direction = 'up' | 'down';

/** The row v of a separable filter outer(v, v) / sum(v)^2: [1, 1] is the mean of 2 x 2 pixels, [1, 3, 3, 1] is smoother. */
export type Filter = readonly number[];

/** Checks a filter's row: an even number of weights that do not sum to 0. */
export const expectFilter = (where: string, name: string, filter: Filter): void => {
  expectInteger(where, `length of ${name}`, filter.length, { min: 2, max: 64 });
  filter.forEach((v, i) => expectNumber(where, `${name}[${i}]`, v));
  if (filter.length % 2 !== 0) fail(where, name, 'an even number of weights', filter);
  if (filter.reduce((a, b) => a + b, 0) === 0) fail(where, name, 'weights with a sum other than 0', filter);
};

const isMean = (filter: Filter, pad: number): boolean => pad === 0 && filter.length === 2 && filter[0] === filter[1];

/** Depthwise kernel [k, k, C, 1] times `factor`, turned round if asked. */
const kernelOf = (filter: Filter, C: number, factor: number, turned: boolean): tf.Tensor4D => {
  const [k, sum] = [filter.length, filter.reduce((a, b) => a + b, 0)];
  const row = turned ? [...filter].reverse() : filter;
  const taps = row.flatMap(a => row.map(b => (factor * a * b) / sum ** 2));
  const values = new Float32Array(k * k * C);
  taps.forEach((tap, i) => values.fill(tap, i * C, (i + 1) * C));
  return tf.tensor4d(values, [k, k, C, 1]);
};

/** A zero after every pixel, both ways: [B, H, W, C] to [B, 2H, 2W, C]. */
const interleave = (x: tf.Tensor): tf.Tensor4D => {
  const [B, H, W, C] = x.shape;
  const rows = tf.reshape(tf.concat([x, tf.zerosLike(x)], 3), [B, H, 2 * W * C]); // [pixel, zero] along W
  return tf.reshape<tf.Rank.R4>(tf.concat([rows, tf.zerosLike(rows)], 2), [B, 2 * H, 2 * W, C]);
};

/** y_i = sum_j f_j x_(2i + j - pad) both ways, zeros outside: [B, H, W, C] to [B, (H + 2 pad - k) / 2 + 1, ..., C]. */
const filterDown = (x: tf.Tensor, filter: Filter, pad: number, factor: number): tf.Tensor => {
  const [, , , C] = x.shape;
  if (isMean(filter, pad)) {
    const means = tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid');
    return factor === 1 ? means : tf.mul(means, factor);
  }
  return tf.depthwiseConv2d(x as tf.Tensor4D, kernelOf(filter, C, factor, false), 2, pad);
};

/** The adjoint of `filterDown`: [B, H, W, C] to [B, 2H + k - 2 - 2 pad, ..., C]. */
const filterUp = (x: tf.Tensor, filter: Filter, pad: number, factor: number): tf.Tensor => {
  const [, H, W, C] = x.shape;
  if (isMean(filter, pad)) {
    const copies = tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [2 * H, 2 * W]);
    return factor === 4 ? copies : tf.mul(copies, factor / 4);
  }
  const before = filter.length - 1 - pad;
  const pads: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [before, before - 1],
    [before, before - 1],
    [0, 0],
  ];
  return tf.depthwiseConv2d(interleave(x), kernelOf(filter, C, factor, true), 1, pads);
};

/**
 * Half the size by a filter at every second pixel, zeros outside the image: [B, H, W, C] to
 * [B, (H + 2 pad - k) / 2 + 1, ..., C]. Its gradient is the transposed filter, made of forward kernels: no backend
 * needs a gradient kernel for it.
 */
export const lower = (x: tf.Tensor, filter: Filter, pad: number): tf.Tensor =>
  tf.customGrad(t => ({
    value: filterDown(t as tf.Tensor, filter, pad, 1),
    gradFunc: (dy: tf.Tensor) => filterUp(dy, filter, pad, 1),
  }))(x);

/** Twice the size by 4 times the transposed filter: [B, H, W, C] to [B, 2H + k - 2 - 2 pad, ..., C]. */
export const raise = (x: tf.Tensor, filter: Filter, pad: number): tf.Tensor =>
  tf.customGrad(t => ({
    value: filterUp(t as tf.Tensor, filter, pad, 4),
    gradFunc: (dy: tf.Tensor) => filterDown(dy, filter, pad, 4),
  }))(x);

/** To half or twice the size with the padding that keeps the grid centred, or as it is. */
export const resample = (x: tf.Tensor, direction: Direction | undefined, filter: Filter = [1, 1]): tf.Tensor => {
  const pad = (filter.length - 2) / 2;
  return direction === undefined ? x : direction === 'down' ? lower(x, filter, pad) : raise(x, filter, pad);
};
