import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { expectNumber, fail } from '../compute/check';
import { normal, uniform } from '../compute/noise';

/** A mixture of K Gaussians in d dimensions. */
export type Mixture = {
  /** [K], positive, summing to 1. */
  weights: readonly number[];
  /** [K][d]. */
  means: readonly (readonly number[])[];
  /** [K][d][d], symmetric positive definite. */
  covariances: readonly (readonly (readonly number[])[])[];
};

/** Each covariance as U diag(l) U^T: adding noise of level s only adds s^2 to every l. */
export type MixtureFactors = {
  d: number;
  /** [K]. */
  logWeights: Float64Array;
  /** [K * d]. */
  means: Float64Array;
  /** [K * d * d], column j of component k is its eigenvector j. */
  axes: Float64Array;
  /** [K * d], eigenvalues l. */
  variances: Float64Array;
};

const check = ({ weights, means, covariances }: Mixture): void => {
  const where = 'Gaussian mixture';
  const [K, d] = [weights.length, means[0]?.length ?? 0];
  const rows = (list: readonly (readonly number[])[], count: number): boolean =>
    list.length === count && list.every(row => row.length === d);
  if (K === 0 || d === 0 || !rows(means, K)) fail(where, 'means', `[${K}][${d}] as there are ${K} weights`, means);
  if (covariances.length !== K || !covariances.every(c => rows(c, d)))
    fail(where, 'covariances', `[${K}][${d}][${d}] as there are ${K} means`, covariances);
  for (const mean of means.flat()) expectNumber(where, 'mean', mean);
  covariances.forEach((c, k) => {
    const symmetric = c.every((row, i) =>
      row.every((v, j) => Math.abs(v - c[j][i]) <= 1e-9 * Math.abs(c[i][i] + c[j][j])),
    );
    if (!symmetric) fail(where, `covariance of component ${k}`, 'symmetric', c);
  });
};

/** @throws ArgumentError when shapes disagree, weights do not sum to 1 or a covariance is not positive definite. */
export const factorise = (mixture: Mixture): MixtureFactors => {
  const { weights, means, covariances } = mixture;
  check(mixture);
  const [K, d] = [weights.length, means[0].length];
  const where = 'Gaussian mixture';
  const total = weights.reduce((sum, w) => sum + expectNumber(where, 'weight', w, { above: 0 }), 0);
  if (Math.abs(total - 1) > 1e-9) fail(where, 'weights', 'numbers that sum to 1', total);
  const factors: MixtureFactors = {
    d,
    logWeights: Float64Array.from(weights, Math.log),
    means: Float64Array.from(means.flat()),
    axes: new Float64Array(K * d * d),
    variances: new Float64Array(K * d),
  };
  covariances.forEach((covariance, k) => {
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
      new Matrix(covariance.map(row => [...row])),
      { assumeSymmetric: true },
    );
    realEigenvalues.forEach((l, j) => {
      factors.variances[k * d + j] = expectNumber(where, `variance along axis ${j} of component ${k}`, l, { above: 0 });
      for (let i = 0; i < d; i++) factors.axes[(k * d + i) * d + j] = eigenvectorMatrix.get(i, j);
    });
  });
  return factors;
};

/** One point's log density, score and denoised value under the mixture with noise of level sigma added. */
export type PointValues = { logDensity: number; score: Float64Array; denoised: Float64Array };

/**
 * Exact values at one point x [d], in float64: log p(x; sigma), its gradient, and E[x_0 | x_0 + sigma eps = x].
 * Here p(.; sigma) is the mixture convolved with N(0, sigma^2 I); sigma = 0 gives the mixture itself.
 */
export const mixtureAt = (factors: MixtureFactors, x: ArrayLike<number>, sigma: number): PointValues => {
  const { d, logWeights, means, axes, variances } = factors;
  const K = logWeights.length;
  const logs = new Float64Array(K);
  const pulls = new Float64Array(K * d); // (C_k + sigma^2 I)^-1 (mean_k - x)
  for (let k = 0; k < K; k++) {
    let exponent = -0.5 * d * Math.log(2 * Math.PI);
    for (let j = 0; j < d; j++) {
      let along = 0;
      for (let i = 0; i < d; i++) along += axes[(k * d + i) * d + j] * (means[k * d + i] - x[i]);
      const variance = variances[k * d + j] + sigma * sigma;
      exponent -= 0.5 * (Math.log(variance) + (along * along) / variance);
      for (let i = 0; i < d; i++) pulls[k * d + i] += (axes[(k * d + i) * d + j] * along) / variance;
    }
    logs[k] = logWeights[k] + exponent;
  }
  const top = logs.reduce((a, b) => Math.max(a, b));
  const total = logs.reduce((sum, l) => sum + Math.exp(l - top), 0);
  const score = new Float64Array(d);
  for (let k = 0; k < K; k++) {
    const responsibility = Math.exp(logs[k] - top) / total;
    for (let i = 0; i < d; i++) score[i] += responsibility * pulls[k * d + i];
  }
  return { logDensity: top + Math.log(total), score, denoised: score.map((g, i) => x[i] + sigma * sigma * g) };
};

/** Point number `index` of an endless sample of the mixture, [d]: a function of (seed, stream, index) only. */
export const mixtureSample = (
  { d, logWeights, means, axes, variances }: MixtureFactors,
  address: { seed: number; stream: string },
  index: number,
): Float64Array => {
  const [u] = uniform({ ...address, stream: `${address.stream}/component`, sample: index }, 1);
  let k = 0;
  for (let sum = Math.exp(logWeights[0]); u >= sum && k < logWeights.length - 1; sum += Math.exp(logWeights[k])) k++;
  const z = normal({ ...address, sample: index }, d);
  return Float64Array.from({ length: d }, (_, i) => {
    let x = means[k * d + i];
    for (let j = 0; j < d; j++) x += axes[(k * d + i) * d + j] * Math.sqrt(variances[k * d + j]) * z[j];
    return x;
  });
};

/** The mixture as named tensors, so that its denoiser is a function of named tensors like any network. */
export const mixtureTensors = ({
  d,
  logWeights,
  means,
  axes,
  variances,
}: MixtureFactors): Record<string, tf.Tensor> => {
  const K = logWeights.length;
  const flatAxes = Float32Array.from({ length: d * K * d }, (_, n) => {
    const [i, k, j] = [Math.floor(n / (K * d)), Math.floor(n / d) % K, n % d];
    return axes[(k * d + i) * d + j];
  });
  const centres = Float32Array.from({ length: K * d }, (_, n) => {
    const k = Math.floor(n / d);
    let along = 0;
    for (let i = 0; i < d; i++) along += axes[(k * d + i) * d + (n % d)] * means[k * d + i];
    return along;
  });
  return {
    logWeights: tf.tensor1d(Float32Array.from(logWeights)), // [K]
    means: tf.tensor2d(Float32Array.from(means), [K, d]),
    axes: tf.tensor2d(flatAxes, [d, K * d]),
    centres: tf.tensor1d(centres), // [K * d] means along the axes
    variances: tf.tensor1d(Float32Array.from(variances)), // [K * d]
  };
};

/** Exact D(x, sigma) = E[x_0 | x_sigma = x] of a mixture in float32: x [B, d], sigma [B] to [B, d]; differentiable in x. */
export const mixtureDenoise = (mixture: Record<string, tf.Tensor>, x: tf.Tensor, sigma: tf.Tensor): tf.Tensor => {
  const { logWeights, means, axes, centres, variances } = mixture;
  const [B, d] = x.shape;
  const K = logWeights.size;
  const noisy = tf.add(tf.reshape(variances, [1, K * d]), tf.reshape(tf.square(sigma), [B, 1])); // l + s^2, [B, K d]
  const along = tf.sub(tf.matMul(x as tf.Tensor2D, axes as tf.Tensor2D), centres); // U^T (x - mean), [B, K d]
  const exponents = tf.reshape(tf.add(tf.div(tf.square(along), noisy), tf.log(noisy)), [B, K, d]);
  const responsibilities = tf.softmax(tf.sub(logWeights, tf.mul(0.5, tf.sum(exponents, 2)))); // [B, K]
  const kept = tf.reshape(tf.mul(tf.div(variances, noisy), along), [B, K, d]); // posterior mean about the centre
  const weighted = tf.reshape(tf.mul(kept, tf.reshape(responsibilities, [B, K, 1])), [B, K * d]);
  return tf.add(
    tf.matMul(responsibilities as tf.Tensor2D, means as tf.Tensor2D),
    tf.matMul(weighted as tf.Tensor2D, tf.transpose(axes) as tf.Tensor2D),
  );
};
