/* Convolutions and normalisation. Axis letters: B batch, H W height and width, C input channels, K output channels, G groups. */
import * as tf from '@tensorflow/tfjs-core';
import type { Constant } from './onnx-graph';
import { asFile, asImage, fileShape, imageOf, inFileOrder } from './operand';
import type { NodeReader, Operator, Operators } from './operator';

/** Padding [top, left, bottom, right] of a window over an image of h x w pixels. */
export const paddingOf = (
  reader: NodeReader,
  [h, w]: readonly number[],
  {
    kernel,
    strides,
    dilations,
  }: { kernel: readonly number[]; strides: readonly number[]; dilations: readonly number[] },
): number[] => {
  const mode = reader.text('auto_pad', 'NOTSET');
  if (mode === 'VALID') return [0, 0, 0, 0];
  if (mode === 'NOTSET') return reader.numbers('pads') ?? [0, 0, 0, 0];
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') return reader.refuse(`auto_pad ${mode} is not known`);
  const total = [h, w].map((n, i) => {
    const reach = (kernel[i] - 1) * dilations[i] + 1;
    return Math.max(0, (Math.ceil(n / strides[i]) - 1) * strides[i] + reach - n);
  });
  const before = total.map(n => (mode === 'SAME_UPPER' ? Math.floor(n / 2) : Math.ceil(n / 2)));
  return [...before, ...total.map((n, i) => n - before[i])];
};

/** A filter [K, C / G, h, w] as [h, w, C / G, K], for one filter a channel [h, w, C, 1]. */
const turned = ({ data, shape: [K, C, h, w] }: Constant, depthwise: boolean): Constant => {
  const result = new Float32Array(data.length);
  for (let k = 0, at = 0; k < K; k++)
    for (let c = 0; c < C; c++)
      for (let pixel = 0; pixel < h * w; pixel++) result[(pixel * C + c) * K + k] = data[at++];
  return { data: result, shape: depthwise ? [h, w, K, 1] : [h, w, C, K], integer: false };
};

type Pair = [number, number];
const pairOf = (reader: NodeReader, name: string): Pair => {
  const pair = reader.numbers(name) ?? [1, 1];
  if (pair.length !== 2 || !pair.every(n => n >= 1))
    reader.refuse(`${name} [${pair.join(', ')}]; images have two axes`);
  return pair as Pair;
};

const conv: Operator = reader => {
  reader.expectAttributes('auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides');
  const weights = reader.requireConstant(1, 'weights');
  if (weights.shape.length !== 4) reader.refuse(`weights [${weights.shape.join(', ')}]; only images are convolved`);
  const [K, , kh, kw] = weights.shape;
  const group = reader.number('group', 1);
  if (!(group >= 1) || K % group !== 0) reader.refuse(`${group} groups of ${K} channels`);
  const depthwise = group > 1 && group === K && weights.shape[1] === 1;
  const [strides, dilations] = [pairOf(reader, 'strides'), pairOf(reader, 'dilations')];
  if (Math.max(...strides) > 1 && Math.max(...dilations) > 1) reader.refuse('strides and dilations at once');
  const [, weightsName, biasName] = reader.node.inputs;
  const filterKey = reader.keep(weightsName, turned(weights, depthwise));
  const biasKey = reader.has(2) ? reader.keep(biasName, reader.requireConstant(2, 'bias')) : undefined;

  return ([x], parameter) => {
    const [, C, h, w] = fileShape(x!);
    if (C !== weights.shape[1] * group) reader.refuse(`${C} channels for weights [${weights.shape.join(', ')}]`);
    const [top, left, bottom, right] = paddingOf(reader, [h, w], { kernel: [kh, kw], strides, dilations });
    const pads: tf.backend_util.ExplicitPadding = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    const image = asImage(x!);
    const filter = parameter(filterKey) as tf.Tensor4D;
    const convolved = (from: tf.Tensor4D, by: tf.Tensor4D): tf.Tensor4D =>
      tf.conv2d(from, by, strides, pads, 'NHWC', dilations);
    let y: tf.Tensor;
    if (depthwise) y = tf.depthwiseConv2d(image, filter, strides, pads, 'NHWC', dilations);
    else if (group === 1) y = convolved(image, filter);
    else {
      const parts = tf.split<tf.Tensor4D>(image, group, 3);
      y = tf.concat(
        tf.split<tf.Tensor4D>(filter, group, 3).map((part, i) => convolved(parts[i], part)),
        3,
      );
    }
    return [imageOf(biasKey === undefined ? y : tf.add(y, parameter(biasKey)))];
  };
};

/** y = a x + b by channel: what batch normalisation is when nothing is trained. */
const batchNormalization: Operator = reader => {
  reader.expectAttributes('epsilon', 'momentum', 'training_mode', 'spatial');
  if (reader.number('training_mode', 0) !== 0) reader.refuse('training_mode is not known');
  const epsilon = reader.number('epsilon', 1e-5);
  const [gamma, beta, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map((what, i) =>
    reader.requireConstant(i + 1, what),
  );
  const slope = gamma.data.map((g, i) => g / Math.sqrt(variance.data[i] + epsilon));
  const offset = beta.data.map((b, i) => b - mean.data[i] * slope[i]);
  const { shape } = gamma;
  const name = reader.node.name;
  const a = reader.keep(`${name}/slope`, { data: slope, shape, integer: false });
  const b = reader.keep(`${name}/offset`, { data: offset, shape, integer: false });
  return ([x], parameter) => {
    const rank = fileShape(x!).length;
    if (rank !== 2 && rank !== 4) reader.refuse(`of ${rank} axes; 2 or 4 are known`);
    const from = rank === 4 ? asImage(x!) : asFile(x!);
    const y = tf.add(tf.mul(from, parameter(a)), parameter(b));
    return [rank === 4 ? imageOf(y) : inFileOrder(y)];
  };
};

export const CONVOLUTION: Operators = { Conv: conv, BatchNormalization: batchNormalization };
