/* Layers as plain functions over named tensors. Axis letters: B batch, H W height and width, C channels, E embedding. */
import * as tf from '@tensorflow/tfjs-core';
import type { Init, ParameterSpec, Tensors } from './parameters';
import { type Direction, type Filter, lower, raise, resample } from './resample';

const ones: Init = { kind: 'constant', value: 1 };

/** How the weights and the bias of a layer start, from the numbers of weights per output and per input. */
export type LayerInit = (fanIn: number, fanOut: number) => { weight: Init; bias: Init };

/** SongUNet's: Xavier-uniform weights times `scale`, biases 0. */
export const xavier =
  (scale = 1): LayerInit =>
  (fanIn, fanOut) => ({
    weight: { kind: 'uniform', bound: scale * Math.sqrt(6 / (fanIn + fanOut)) },
    bias: { kind: 'constant', value: 0 },
  });

/** ADM's: Kaiming-uniform weights and biases times `scale`. */
export const kaiming =
  (scale = 1): LayerInit =>
  fanIn => {
    const init: Init = { kind: 'uniform', bound: scale * Math.sqrt(3 / fanIn) };
    return { weight: init, bias: init };
  };

/** Parameters of a linear layer. */
export const linearSpec = (
  name: string,
  from: number,
  to: number,
  { init = xavier(), bias = true }: { init?: LayerInit; bias?: boolean } = {},
): ParameterSpec[] => {
  const start = init(from, to);
  return [
    { name: `${name}.weight`, shape: [from, to], init: start.weight },
    ...(bias ? [{ name: `${name}.bias`, shape: [to], init: start.bias }] : []),
  ];
};

/** x [B, in] to x W + b, [B, out]; the bias is used where there is one. */
export const linear = (p: Tensors, name: string, x: tf.Tensor): tf.Tensor => {
  const y = tf.matMul(x, p[`${name}.weight`]);
  const bias = p[`${name}.bias`];
  return bias ? tf.add(y, bias) : y;
};

/** Parameters of a k x k convolution with bias. */
export const convSpec = (name: string, from: number, to: number, k: number, init = xavier()): ParameterSpec[] => {
  const start = init(from * k * k, to * k * k);
  return [
    { name: `${name}.weight`, shape: [k, k, from, to], init: start.weight },
    { name: `${name}.bias`, shape: [to], init: start.bias },
  ];
};

/** Resampling inside a convolution: `fused` puts the kernel on the other side of the filter, which changes the borders. */
export type ConvResampling = { direction: Direction | undefined; filter: Filter; fused?: boolean };

/**
 * EDM's convolution: x [B, H, W, in] to [B, H', W', out], zero padding k // 2, resampled before its kernel. Fused, the
 * sum of both paddings goes to the kernel on the way down and their difference to the one that is wider on the way up.
 * A layer without a weight only resamples.
 */
export const conv = (
  p: Tensors,
  name: string,
  x: tf.Tensor,
  { direction, filter, fused = false }: ConvResampling = { direction: undefined, filter: [1, 1] },
): tf.Tensor => {
  const weight = p[`${name}.weight`] as tf.Tensor4D | undefined;
  const bias = p[`${name}.bias`] as tf.Tensor | undefined;
  if (!weight) return resample(x, direction, filter);
  const kernel = (t: tf.Tensor, pad: number | 'same' = 'same'): tf.Tensor =>
    tf.conv2d(t as tf.Tensor4D, weight, 1, pad);
  const [own, other] = [Math.floor(weight.shape[0] / 2), (filter.length - 2) / 2];
  let y: tf.Tensor;
  if (!fused || direction === undefined) y = kernel(resample(x, direction, filter));
  else if (direction === 'down') y = lower(kernel(x, own + other), filter, 0);
  else y = kernel(raise(x, filter, Math.max(other - own, 0)), Math.max(own - other, 0));
  return bias ? tf.add(y, bias) : y;
};

/** Parameters of a normalisation layer: scale 1, shift 0. */
export const normSpec = (name: string, channels: number): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [channels], init: ones },
  { name: `${name}.bias`, shape: [channels], init: { kind: 'constant', value: 0 } },
];

/** dy silu'(n) from g = sigmoid(n) and y = n g: dy (g + y (1 - g)), with the fewest passes over the tensors. */
export const siluGradient = (dy: tf.Tensor, g: tf.Tensor, y: tf.Tensor): tf.Tensor => {
  const passed = tf.mul(dy, g);
  return tf.add(passed, tf.mul(y, tf.sub(dy, passed)));
};

const siluOp = tf.customGrad((x, save) => {
  const gate = tf.sigmoid(x as tf.Tensor);
  const value = tf.mul(x as tf.Tensor, gate);
  (save as tf.GradSaveFunc)([gate, value]);
  return { value, gradFunc: (dy: tf.Tensor, [g, y]: tf.Tensor[]) => siluGradient(dy, g, y) };
});

/** x sigmoid(x). */
export const silu = (x: tf.Tensor): tf.Tensor => siluOp(x);

/**
 * Inverted dropout with the noise as an argument: keeps x where `uniforms` >= rate and divides by 1 - rate.
 * Without noise (evaluation mode) it is the identity.
 */
export const dropout = (x: tf.Tensor, rate: number, uniforms: tf.Tensor | undefined): tf.Tensor =>
  uniforms ? tf.mul(x, tf.mul(tf.cast(tf.greaterEqual(uniforms, rate), 'float32'), 1 / (1 - rate))) : x;
