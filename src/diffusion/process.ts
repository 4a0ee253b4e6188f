import * as tf from '@tensorflow/tfjs-core';

/** A forward process, eq. (1), (2): x_t = a(t) x_0 + sigma(t) eps. Times are host numbers, float64. */
export type Process = {
  name: string;
  /** Signal scale, non-increasing. */
  a: (t: number) => number;
  /** Noise scale, non-decreasing. */
  sigma: (t: number) => number;
};

/** EDM (variance exploding): a = 1, sigma(t) = t. All of the paper's experiments. */
export const EDM: Process = { name: 'edm', a: () => 1, sigma: t => t };

const [BETA_D, BETA_MIN] = [19.9, 0.1];
const vpRatio = (t: number): number => Math.sqrt(Math.expm1(0.5 * BETA_D * t * t + BETA_MIN * t));

/** Variance preserving: sigma/a = sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1), a^2 + sigma^2 = 1, t in [0, 1]. */
export const VP: Process = {
  name: 'vp',
  a: t => 1 / Math.sqrt(1 + vpRatio(t) ** 2),
  sigma: t => vpRatio(t) / Math.sqrt(1 + vpRatio(t) ** 2),
};

/** A per-sample number [B] with as many trailing axes of size 1 as `x` needs to broadcast over it. */
export const perSample = (values: tf.Tensor, x: tf.Tensor): tf.Tensor =>
  tf.reshape(values, [-1, ...x.shape.slice(1).map(() => 1)]);

/** Eq. (1): x_0 [B, ...] to x_t = a x_0 + sigma eps, with a, sigma [B]. For EDM leave `a` out. */
export const diffuse = (x0: tf.Tensor, noise: tf.Tensor, sigma: tf.Tensor, a?: tf.Tensor): tf.Tensor =>
  tf.add(a ? tf.mul(perSample(a, x0), x0) : x0, tf.mul(perSample(sigma, x0), noise));

/**
 * A draw from q(x_s | x_0, x_t) for s <= t, EDM: N((s/t)^2 x_t + (1 - (s/t)^2) x_0, s^2 (1 - (s/t)^2) I). x0, xT, noise
 * [B, ...], s and t [B], to x_s [B, ...].
 */
export const posterior = (
  x0: tf.Tensor,
  xT: tf.Tensor,
  noise: tf.Tensor,
  { s, t }: { s: tf.Tensor; t: tf.Tensor },
): tf.Tensor => {
  const kept = tf.square(tf.div(s, t));
  const rest = tf.sub(1, kept);
  const mean = tf.add(tf.mul(perSample(kept, x0), xT), tf.mul(perSample(rest, x0), x0));
  return tf.add(mean, tf.mul(perSample(tf.mul(s, tf.sqrt(rest)), x0), noise));
};

/** Tweedie: S(x, t) = (a D(x, t) - x) / sigma^2, all [B, ...] with a, sigma [B]. */
export const scoreFromDenoised = (denoised: tf.Tensor, x: tf.Tensor, sigma: tf.Tensor, a?: tf.Tensor): tf.Tensor => {
  const signal = a ? tf.mul(perSample(a, x), denoised) : denoised;
  return tf.div(tf.sub(signal, x), tf.square(perSample(sigma, x)));
};

/** The inverse: D(x, t) = (x + sigma^2 S(x, t)) / a. */
export const denoisedFromScore = (score: tf.Tensor, x: tf.Tensor, sigma: tf.Tensor, a?: tf.Tensor): tf.Tensor => {
  const signal = tf.add(x, tf.mul(tf.square(perSample(sigma, x)), score));
  return a ? tf.div(signal, perSample(a, x)) : signal;
};
