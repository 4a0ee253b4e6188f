/* Means and maxima over windows, made of what can be traced: slices, and convolutions with ones. */
import * as tf from '@tensorflow/tfjs-core';
import { paddingOf } from './convolution';
import { asImage, fileShape, imageOf } from './operand';
import type { NodeReader, Operator, Operators } from './operator';

type Pool = { kernel: number[]; strides: number[]; dilations: number[] };

const poolOf = (reader: NodeReader): Pool => {
  const kernel = reader.numbers('kernel_shape') ?? reader.refuse('it has no kernel_shape');
  const strides = reader.numbers('strides') ?? [1, 1];
  const dilations = reader.numbers('dilations') ?? [1, 1];
  for (const pair of [kernel, strides, dilations])
    if (pair.length !== 2 || !pair.every(n => n >= 1))
      reader.refuse(`a window of [${pair.join(', ')}]; images have two axes`);
  if (!dilations.every(n => n === 1)) reader.refuse('dilations are not known');
  return { kernel, strides, dilations };
};

/** Padding [low, high] of an axis, more after it where the last window is to hang over. */
const padsOf = (reader: NodeReader, size: number[], pool: Pool): [number, number][] => {
  const [top, left, bottom, right] = paddingOf(reader, size, pool);
  const pads: [number, number][] = [
    [top, bottom],
    [left, right],
  ];
  if (reader.number('ceil_mode', 0) === 0) return pads;
  return pads.map(([low, high], i) => {
    const { kernel, strides } = pool;
    const room = size[i] + low + high - kernel[i];
    let steps = Math.ceil(room / strides[i]);
    if (steps * strides[i] >= size[i] + low) steps--; // a window that begins in the padding is none
    return [low, high + Math.max(0, steps * strides[i] - room)];
  });
};

/** Every `stride`-th of `count` slices from `begin` along an axis, of an image with room for it. */
const every = (x: tf.Tensor, axis: number, begin: number, count: number, stride: number): tf.Tensor => {
  const at = (start: number, size: number, from: tf.Tensor): tf.Tensor =>
    tf.slice(
      from,
      from.shape.map((_, i) => (i === axis ? start : 0)),
      from.shape.map((n, i) => (i === axis ? size : n)),
    );
  if (stride === 1) return at(begin, count, x);
  const rows = at(begin, count * stride, x);
  const shape = rows.shape.flatMap((n, i) => (i === axis ? [count, stride] : [n]));
  const split = tf.reshape(rows, shape);
  const first = tf.slice(
    split,
    shape.map(() => 0),
    shape.map((n, i) => (i === axis + 1 ? 1 : n)),
  );
  return tf.reshape(
    first,
    rows.shape.map((n, i) => (i === axis ? count : n)),
  );
};

/** Less than any activation, and finite: infinities times zero are no numbers. */
const LOWEST = -3e38;

const maxPool: Operator = reader => {
  reader.expectAttributes('auto_pad', 'ceil_mode', 'dilations', 'kernel_shape', 'pads', 'storage_order', 'strides');
  if (reader.node.outputs.length > 1) reader.refuse('indices of maxima are not known');
  const pool = poolOf(reader);
  return ([x]) => {
    const size = fileShape(x!).slice(2);
    const pads = padsOf(reader, size, pool);
    let y: tf.Tensor = asImage(x!);
    for (const [i, [low, high]] of pads.entries()) {
      const [kernel, stride] = [pool.kernel[i], pool.strides[i]];
      const count = Math.floor((size[i] + low + high - kernel) / stride) + 1;
      const room = Math.max(0, kernel - 1 + count * stride - (size[i] + low)); // so that every slice is whole
      const padded = tf.pad(
        y,
        y.shape.map((_, axis): [number, number] => (axis === i + 1 ? [low, Math.max(high, room)] : [0, 0])),
        LOWEST,
      );
      const shifted = Array.from({ length: kernel }, (_, begin) => every(padded, i + 1, begin, count, stride));
      y = shifted.reduce((a, b) => tf.maximum(a, b));
    }
    return [imageOf(y)];
  };
};

/** How many pixels each window of an axis counts. */
const counts = (
  reader: NodeReader,
  size: number,
  i: number,
  pool: Pool,
  pads: [number, number][],
  given: number[],
): number[] => {
  const [kernel, stride] = [pool.kernel[i], pool.strides[i]];
  const [low, high] = pads[i];
  const counted = reader.number('count_include_pad', 0) === 1 ? [-given[0], size + given[1]] : [0, size];
  return Array.from({ length: Math.floor((size + low + high - kernel) / stride) + 1 }, (_, at) => {
    const begin = at * stride - low;
    return Math.min(begin + kernel, counted[1]) - Math.max(begin, counted[0]);
  });
};

const averagePool: Operator = reader => {
  reader.expectAttributes('auto_pad', 'ceil_mode', 'count_include_pad', 'dilations', 'kernel_shape', 'pads', 'strides');
  const pool = poolOf(reader);
  const strides = pool.strides as [number, number];
  return ([x]) => {
    const size = fileShape(x!).slice(2);
    const pads = padsOf(reader, size, pool);
    const [top, left, bottom, right] = paddingOf(reader, size, pool);
    const image = asImage(x!);
    const ones = tf.ones<tf.Rank.R4>([...(pool.kernel as [number, number]), image.shape[3], 1]);
    const sums = tf.depthwiseConv2d(image, ones, strides, [[0, 0], ...pads, [0, 0]] as tf.backend_util.ExplicitPadding);
    const rows = counts(reader, size[0], 0, pool, pads, [top, bottom]);
    const columns = counts(reader, size[1], 1, pool, pads, [left, right]);
    const parts = rows.flatMap(n => columns.map(m => 1 / (n * m)));
    return [imageOf(tf.mul(sums, tf.tensor(parts, [1, rows.length, columns.length, 1])))];
  };
};

const whole =
  (f: (x: tf.Tensor, axes: number[]) => tf.Tensor): Operator =>
  reader => {
    reader.expectAttributes();
    return ([x]) => [imageOf(f(asImage(x!), [1, 2]))];
  };

export const POOLING: Operators = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: whole((x, axes) => tf.mean(x, axes, true)),
  GlobalMaxPool: whole((x, axes) => tf.max(x, axes, true)),
};
