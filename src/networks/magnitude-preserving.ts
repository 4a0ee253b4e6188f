/*
 * Magnitude-preserving layers (Karras et al. 2024, "Analyzing and Improving the Training Dynamics of Diffusion Models").
 * Axis letters: B batch, H W height and width, C channels, n features.
 */
import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from '../compute/tensors';
import { silu } from './layers';
import type { ParameterSpec, Tensors } from './parameters';

/** Added to a root mean square, not to a square: the reference's epsilon. */
const EPS = 1e-4;

/**
 * Rows or columns of a matrix to unit root mean square: y = w / (eps + rms(w)), rms over `axis`. One operation with a
 * gradient of its own, 0 / eps at w = 0 where the root has none: dw = dy / n - w <dy, w> / (N n^2 rms), n = eps + rms.
 */
const unitRms = (matrix: tf.Tensor2D, axis: 0 | 1): tf.Tensor2D => {
  const N = matrix.shape[axis];
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [w, save] = args as [tf.Tensor, tf.GradSaveFunc];
    const rms = tf.sqrt(tf.mean(tf.square(w), axis, true));
    const norm = tf.add(rms, EPS);
    save([w, rms, norm]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const [v, r, n] = saved;
      const along = tf.div(tf.sum(tf.mul(dy, v), axis, true), tf.mul(tf.maximum(r, 1e-30), tf.mul(tf.square(n), N)));
      return tf.sub(tf.div(dy, n), tf.mul(v, along));
    };
    return { value: tf.div(w, norm), gradFunc };
  });
  return op(matrix) as tf.Tensor2D;
};

/**
 * Each output channel's weights to unit root mean square; w [..., out] of the same shape. Every layer does so before use
 * (eq. 47); forced weight normalisation overwrites the stored weight with the result (eq. 66).
 */
export const normaliseWeight = (w: tf.Tensor): tf.Tensor => {
  const out = w.shape[w.rank - 1];
  return tf.reshape(unitRms(tf.reshape(w, [w.size / out, out]), 0), w.shape);
};

/** Each pixel's channels to unit root mean square (pixel norm): x [..., C] of the same shape. */
export const normalisePixels = (x: tf.Tensor): tf.Tensor => {
  const C = x.shape[x.rank - 1];
  return tf.reshape(unitRms(tf.reshape(x, [x.size / C, C]), 1), x.shape);
};

/** Parameters of a layer without bias, standard normal: a k x k convolution, or a linear map for k = 0. */
export const mpSpec = (name: string, from: number, to: number, k: number): ParameterSpec[] => [
  { name: `${name}.weight`, shape: k === 0 ? [from, to] : [k, k, from, to], init: { kind: 'normal', scale: 1 } },
];

/** A scalar that starts at 0. */
export const gainSpec = (name: string): ParameterSpec[] => [{ name, shape: [], init: { kind: 'constant', value: 0 } }];

/**
 * Eq. (47): the normalised weight over sqrt(fan in), so that independent inputs of unit magnitude give such outputs; times
 * a gain [], which enters here and not at the output because its gradient is then a sum of weights, not of pixels.
 */
const effective = (w: tf.Tensor, gain: tf.Tensor | undefined): tf.Tensor => {
  const fanIn = w.size / w.shape[w.rank - 1];
  const scaled = tf.mul(normaliseWeight(w), 1 / Math.sqrt(fanIn));
  return gain ? tf.mul(scaled, gain) : scaled;
};

/** Linear: x [B, in] to [B, out]. */
export const mpLinear = (p: Tensors, name: string, x: tf.Tensor, gain?: tf.Tensor): tf.Tensor =>
  tf.matMul(x, effective(p[`${name}.weight`], gain));

/** Convolution with zero padding k // 2: x [B, H, W, in] to [B, H, W, out]. */
export const mpConv = (p: Tensors, name: string, x: tf.Tensor, gain?: tf.Tensor): tf.Tensor =>
  tf.conv2d(x as tf.Tensor4D, effective(p[`${name}.weight`], gain) as tf.Tensor4D, 1, 'same');

/** Eq. (81): SiLU over the magnitude it leaves of unit normal input, 0.596. */
export const mpSilu = (x: tf.Tensor): tf.Tensor => tf.mul(silu(x), 1 / 0.596);

/** Eq. (88): ((1 - t) a + t b) / sqrt((1 - t)^2 + t^2). */
export const mpSum = (a: tf.Tensor, b: tf.Tensor, t: number): tf.Tensor => {
  const norm = Math.hypot(1 - t, t);
  return tf.add(tf.mul(a, (1 - t) / norm), tf.mul(b, t / norm));
};

/** Eq. (103): [a, b] along channels, each scaled so that t balances their contributions. */
export const mpConcat = (a: tf.Tensor, b: tf.Tensor, t: number): tf.Tensor => {
  const [Na, Nb] = [a.shape[a.rank - 1], b.shape[b.rank - 1]];
  const scale = Math.sqrt(Na + Nb) / Math.hypot(1 - t, t);
  return tf.concat([tf.mul(a, (scale * (1 - t)) / Math.sqrt(Na)), tf.mul(b, (scale * t) / Math.sqrt(Nb))], a.rank - 1);
};

/** Constants of eq. (75): n normal frequencies times 2 pi and n uniform phases in [0, 2 pi). */
export const mpFourierSpec = (name: string, n: number): ParameterSpec[] => [
  { name: `${name}.freqs`, shape: [n], init: { kind: 'normal', scale: 2 * Math.PI }, constant: true },
  { name: `${name}.phases`, shape: [n], init: { kind: 'uniform', bound: Math.PI, centre: Math.PI }, constant: true },
];

/** Eq. (75): sqrt(2) cos(f c_noise + phase), [B] to [B, n]. */
export const mpFourier = (p: Tensors, name: string, cNoise: tf.Tensor): tf.Tensor => {
  const [freqs, phases] = ['freqs', 'phases'].map(part =>
    tf.reshape(stopGradient(p[`${name}.${part}`]), [1, p[`${name}.${part}`].size]),
  );
  return tf.mul(tf.cos(tf.add(tf.mul(tf.reshape(cNoise, [-1, 1]), freqs), phases)), Math.SQRT2);
};
