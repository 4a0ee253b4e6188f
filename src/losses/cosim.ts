/*
 * Eq. (15) in denoiser form, the two stages of CoSIM and, at coef 0.5, of SiD. All at (x_s, s[, t]): xhat the generator's
 * clean sample, D the teacher, F the auxiliary. Sum over elements and mean over the batch are the step's.
 */
import * as tf from '@tensorflow/tfjs-core';
import { perSample } from '../diffusion';
import type { LossInputs } from './loss-inputs';
import { edmWeight, sampleScale } from './weights';

/**
 * The four numbers that Table 6 needs side by side: lambda = coef / alpha - 1 and beta = 1 / (2 coef), so that the
 * auxiliary's optimum is f* = beta Q + (1 - beta) S, eq. (16), (17). Theorem 3.1 asks lambda >= 0; the paper's own
 * coefficients with alpha = 1.2 give negative lambda.
 * @example
 * const { lambda, beta } = regularisation(1.2, 1); // -0.1667, 0.5
 */
export const regularisation = (
  alpha: number,
  coef: number,
): { alpha: number; coef: number; lambda: number; beta: number } => ({
  alpha,
  coef,
  lambda: coef / alpha - 1,
  beta: 1 / (2 * coef),
});

/**
 * Eq. (15), second line, denoiser form, per element: w(s) ((F - xhat)^2 + (2 coef - 1) (F - D)^2).
 * Nothing flows back through xhat and D. F, xHat, D [B, ...], s [B] to [B, ...].
 * @example
 * const loss = tf.mean(psiLoss({ F, xHat, D, s }, { coef: 1 }));
 */
export const psiLoss = (
  { F, xHat, D, s }: LossInputs,
  { coef, sigmaData = 0.5 }: { coef: number; sigmaData?: number },
): tf.Tensor => {
  const fit = tf.squaredDifference(F, xHat);
  const pull = tf.mul(2 * coef - 1, tf.squaredDifference(F, D));
  return tf.mul(perSample(edmWeight(s, sigmaData), F), tf.add(fit, pull));
};

/**
 * Eq. (15), first line, denoiser form, per element: (D - F) ((D - xhat) - alpha (D - F)) / c with
 * c = max(mean |xhat - D|, 1e-5) per sample, a constant for the gradient. All [B, ...].
 * @example
 * const loss = tf.mean(phiLoss({ F, xHat, D }, { alpha: 1.2 }));
 */
export const phiLoss = ({ F, xHat, D }: Omit<LossInputs, 's'>, { alpha }: { alpha: number }): tf.Tensor => {
  const gap = tf.sub(D, F);
  return tf.div(tf.mul(gap, tf.sub(tf.sub(D, xHat), tf.mul(alpha, gap))), sampleScale(xHat, D));
};
