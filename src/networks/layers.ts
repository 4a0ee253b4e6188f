/* Layers as plain functions over named tensors. Axis letters: B batch, H W height and width, C channels, E embedding. */
import * as tf from '@tensorflow/tfjs-core';
import type { Init, ParameterSpec, Tensors } from './parameters';

const zeros: Init = { kind: 'constant', value: 0 };
const ones: Init = { kind: 'constant', value: 1 };

/** Parameters of a linear layer; `scale` multiplies the Xavier-uniform initial weights. */
export const linearSpec = (
  name: string,
  from: number,
  to: number,
  { scale = 1, bias = true } = {},
): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [from, to], init: { kind: 'xavier', fanIn: from, fanOut: to, scale } },
  ...(bias ? [{ name: `${name}.bias`, shape: [to], init: zeros }] : []),
];

/** x [B, in] to x W + b, [B, out]; the bias is used where there is one. */
export const linear = (p: Tensors, name: string, x: tf.Tensor): tf.Tensor => {
  const y = tf.matMul(x, p[`${name}.weight`]);
  const bias = p[`${name}.bias`];
  return bias ? tf.add(y, bias) : y;
};

/** Parameters of a k x k convolution with bias. */
export const convSpec = (name: string, from: number, to: number, k: number, scale = 1): ParameterSpec[] => [
  {
    name: `${name}.weight`,
    shape: [k, k, from, to],
    init: { kind: 'xavier', fanIn: from * k * k, fanOut: to * k * k, scale },
  },
  { name: `${name}.bias`, shape: [to], init: zeros },
];

/** x [B, H, W, in] to [B, H, W, out], zero padding k // 2. */
export const conv = (p: Tensors, name: string, x: tf.Tensor): tf.Tensor =>
  tf.add(tf.conv2d(x as tf.Tensor4D, p[`${name}.weight`] as tf.Tensor4D, 1, 'same'), p[`${name}.bias`]);

/** Parameters of a normalisation layer: scale 1, shift 0. */
export const normSpec = (name: string, channels: number): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [channels], init: ones },
  { name: `${name}.bias`, shape: [channels], init: zeros },
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
