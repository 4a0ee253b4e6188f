/* The law of x_s = xhat + s eps where xhat takes N values: exact, because that is a mixture of N Gaussians (a = 1). */
import { mixtureAt, type MixtureFactors } from '../../diffusion';
import { spaced } from './line';

/** A law of xhat on N points in d dimensions. */
export type Hidden = { d: number; weights: Float64Array; points: Float64Array }; // [N] summing to 1, [N * d]

/** What is known of q(x_s) at one point x. */
export type At = {
  density: number;
  /** [N], P(xhat = point | x_s = x). */
  posterior: Float64Array;
  /** [d], E[xhat | x_s = x]. */
  mean: Float64Array;
  /** [d], Q(x) = (mean - x) / s^2. */
  score: Float64Array;
};

/** Exact values at x [d] of the law of xhat + s eps. */
export const semiImplicitAt = ({ d, weights, points }: Hidden, x: ArrayLike<number>, s: number): At => {
  const logs = weights.map((w, n) => {
    let square = 0;
    for (let i = 0; i < d; i++) square += (x[i] - points[n * d + i]) ** 2;
    return Math.log(w) - square / (2 * s * s);
  });
  const top = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  const posterior = logs.map(l => Math.exp(l - top));
  const total = posterior.reduce((a, b) => a + b, 0);
  const mean = new Float64Array(d);
  for (let n = 0; n < weights.length; n++) {
    posterior[n] /= total;
    for (let i = 0; i < d; i++) mean[i] += posterior[n] * points[n * d + i];
  }
  const density = (total * Math.exp(top)) / (2 * Math.PI * s * s) ** (d / 2);
  return { density, posterior, mean, score: mean.map((m, i) => (m - x[i]) / (s * s)) };
};

/** A square grid [count^d * d] that holds all but `deviations` of a mixture with noise of level sigma added. */
export const gridAround = (factors: MixtureFactors, sigma: number, deviations: number, count: number): Float64Array => {
  const { d, means, variances } = factors;
  const reach = deviations * Math.hypot(Math.sqrt(Math.max(...variances)), sigma);
  const axes = Array.from({ length: d }, (_, i) => {
    const own = means.filter((_m, at) => at % d === i);
    return spaced(Math.min(...own) - reach, Math.max(...own) + reach, count);
  });
  return Float64Array.from({ length: count ** d * d }, (_, at) => {
    const [i, n] = [at % d, Math.floor(at / d)];
    return axes[i][Math.floor(n / count ** i) % count];
  });
};

/**
 * xhat = E[x_0 | x_t], what a generator that starts as the teacher's denoiser makes of the data at time t, on a grid of
 * x_t with `nodes` values an axis: an honest start that is not yet p_0, it has too little spread.
 */
export const denoisedHidden = (factors: MixtureFactors, t: number, nodes: number): Hidden => {
  const { d } = factors;
  const grid = gridAround(factors, t, 6, nodes);
  const at = Array.from({ length: grid.length / d }, (_, n) => mixtureAt(factors, grid.slice(n * d, (n + 1) * d), t));
  const weights = Float64Array.from(at, ({ logDensity }) => Math.exp(logDensity));
  const total = weights.reduce((a, b) => a + b, 0);
  return {
    d,
    weights: weights.map(w => w / total),
    points: Float64Array.from(at.flatMap(({ denoised }) => [...denoised])),
  };
};
