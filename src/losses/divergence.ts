/*
 * Theorem B.1: any strictly convex, smooth h with Legendre conjugate h* gives a divergence E h(S - Q) =
 * max_u E[u (S - Q) - h*(u)]. Here h acts on each element of differences between denoised samples (the scores' times
 * sigma^2); phi and psi then play the game of eq. (15) with h* in the place of alpha ||u||^2.
 */
import * as tf from '@tensorflow/tfjs-core';
import { perSample } from '../diffusion';
import type { LossInputs } from './loss-inputs';
import { edmWeight, sampleScale } from './weights';

/** The square is h(y) = y^2 / (4 alpha), the paper's own; pseudo-Huber grows like |y| beyond `delta`. */
export const DIVERGENCES = ['square', 'pseudo-huber'] as const;
/** A divergence of Theorem B.1 by name. */
export type DivergenceName = (typeof DIVERGENCES)[number];

/** A convex function and what the game needs of it, all per element. */
export type Divergence = {
  h: (y: tf.Tensor) => tf.Tensor;
  /** h*(u) = max_y u y - h(y). */
  conjugate: (u: tf.Tensor) => tf.Tensor;
  /** Any number to where h* is finite: smooth, increasing, v + O(v^3) at 0. */
  admissible: (v: tf.Tensor) => tf.Tensor;
};

/** h(y) = y^2 / (4 alpha), h*(u) = alpha u^2. */
const square = (alpha: number): Divergence => ({
  h: y => tf.div(tf.square(y), 4 * alpha),
  conjugate: u => tf.mul(alpha, tf.square(u)),
  admissible: v => v,
});

/**
 * h(y) = k d^2 (sqrt(1 + (y/d)^2) - 1) with k = 1/(2 alpha), the square near 0; its slope stays within k d, so
 * h*(u) = k d^2 (1 - sqrt(1 - (u/(k d))^2)) for |u| <= k d only.
 */
const pseudoHuber = (alpha: number, delta: number): Divergence => {
  const k = 1 / (2 * alpha);
  const scaled = (x: tf.Tensor, unit: number): tf.Tensor => tf.square(tf.div(x, unit));
  return {
    h: y => tf.mul(k * delta ** 2, tf.sub(tf.sqrt(tf.add(1, scaled(y, delta))), 1)),
    conjugate: u => tf.mul(k * delta ** 2, tf.sub(1, tf.sqrt(tf.maximum(tf.sub(1, scaled(u, k * delta)), 1e-12)))),
    admissible: v => tf.div(v, tf.sqrt(tf.add(1, scaled(v, k * delta)))),
  };
};

/** A divergence by name. @param delta where pseudo-Huber turns from square to linear, in data units */
export const divergenceOf = (name: DivergenceName, alpha: number, delta: number): Divergence =>
  name === 'square' ? square(alpha) : pseudoHuber(alpha, delta);

/** u = S - f as both stages use it: the difference of the denoised samples, brought to where h* is finite. */
const witness = ({ D, F }: LossInputs, { admissible }: Divergence): tf.Tensor => admissible(tf.sub(D, F));

/**
 * Second stage with h*, per element and up to a constant: 2 w(s) ((1 + lambda) h*(u) - u (D - xhat)); for the square this
 * is `psiLoss`. Its optimum is u = h'((D - E xhat)/(1 + lambda)).
 */
export const generalPsiLoss = (
  inputs: LossInputs,
  divergence: Divergence,
  { lambda, sigmaData = 0.5 }: { lambda: number; sigmaData?: number },
): tf.Tensor => {
  const { xHat, D, s } = inputs;
  const u = witness(inputs, divergence);
  const value = tf.sub(tf.mul(1 + lambda, divergence.conjugate(u)), tf.mul(u, tf.sub(D, xHat)));
  return tf.mul(perSample(edmWeight(s, sigmaData), xHat), tf.mul(2, value));
};

/** First stage with h*, per element: (u (D - xhat) - h*(u)) / c, c as in `phiLoss`. */
export const generalPhiLoss = (inputs: LossInputs, divergence: Divergence): tf.Tensor => {
  const { xHat, D } = inputs;
  const u = witness(inputs, divergence);
  return tf.div(tf.sub(tf.mul(u, tf.sub(D, xHat)), divergence.conjugate(u)), sampleScale(xHat, D));
};
