/* The optimal G on the line: the only rising map of p_t onto p_0, by quantiles and, independently, by the flow of the ODE. */
import { expectNumber, fail } from '../../compute/check';
import { mixtureAt, type MixtureFactors } from '../../diffusion';
import { interpolated, mixtureCdf, mixtureQuantile, normalCdf, spaced } from './line';

/** A generator at one time t as a table: `to[j]` = G(`from[j]`, t), both rising. */
export type MapTable = { t: number; from: Float64Array; to: Float64Array };

/** G(., t) of a table, for any x. */
export const mapOf = ({ from, to }: MapTable): ((x: number) => number) => interpolated(from, to);

/** An even grid of x_0 that holds all but 4e-8 of p_0: even there, so that it resolves the gaps between modes. */
const evenGrid = (factors: MixtureFactors, points: number, deviations = 5.5): Float64Array => {
  const ends = [-deviations, deviations].map(z => mixtureQuantile(factors, normalCdf(z)));
  return Float64Array.from(spaced(ends[0], ends[1], points));
};

/** Where the optimal map comes from: x with F_t(x) = F_0(y). */
const sourceOf = (factors: MixtureFactors, y: number, t: number): number =>
  mixtureQuantile(factors, mixtureCdf(factors, y), t);

/** By quantiles: G(x, t) = F_0^{-1}(F_t(x)), F_t the distribution function of p_t (a = 1, sigma = t). */
export const quantileMap = (factors: MixtureFactors, t: number, points = 401): MapTable => {
  const to = evenGrid(factors, points);
  return { t, from: to.map(y => sourceOf(factors, y, t)), to };
};

/**
 * By the probability flow dx/dt = (x - D(x, t)) / t, which carries p_T to p_0 and never lets two paths cross: fourth-order
 * Runge-Kutta steps in ln t from a grid at times[0] to t = 1e-3, passing the other times on the way.
 * @throws ArgumentError unless the times are positive and decreasing
 */
export const flowMaps = (
  factors: MixtureFactors,
  times: readonly number[],
  { points = 601, stepSize = 0.07 }: { points?: number; stepSize?: number } = {},
): MapTable[] => {
  times.forEach((t, i) => {
    expectNumber('flowMaps', `times[${i}]`, t, { above: 1e-3 });
    if (i > 0 && t >= times[i - 1]) fail('flowMaps', 'times', 'decreasing', [...times]);
  });
  let x = evenGrid(factors, points).map(y => sourceOf(factors, y, times[0]));
  const slope = (values: Float64Array, tau: number): Float64Array =>
    values.map(value => value - mixtureAt(factors, [value], Math.exp(tau)).denoised[0]);
  const moved = (values: Float64Array, by: Float64Array, h: number): Float64Array =>
    values.map((v, j) => v + h * by[j]);
  const froms: Float64Array[] = [];
  [...times.slice(1), 1e-3].forEach((next, i) => {
    froms.push(x);
    const span = Math.log(next / times[i]);
    const steps = Math.max(1, Math.ceil(-span / stepSize));
    const h = span / steps;
    for (let n = 0; n < steps; n++) {
      const tau = Math.log(times[i]) + n * h;
      const k1 = slope(x, tau);
      const k2 = slope(moved(x, k1, h / 2), tau + h / 2);
      const k3 = slope(moved(x, k2, h / 2), tau + h / 2);
      const k4 = slope(moved(x, k3, h), tau + h);
      x = x.map((value, j) => value + (h / 6) * (k1[j] + 2 * k2[j] + 2 * k3[j] + k4[j]));
    }
  });
  const to = x.map(value => mixtureAt(factors, [value], 1e-3).denoised[0]);
  return froms.map((from, i) => ({ t: times[i], from, to }));
};

/** dG/dx = p_t(x) / p_0(G(x, t)) of the optimal map, at its largest over all but 1e-6 of p_t. */
export const steepest = (factors: MixtureFactors, t: number, points = 401): number =>
  evenGrid(factors, points, 4.9).reduce((most, y) => {
    const density = mixtureAt(factors, [sourceOf(factors, y, t)], t).logDensity;
    return Math.max(most, Math.exp(density - mixtureAt(factors, [y], 0).logDensity));
  }, 0);

/** The same from a table, by differences of neighbours. */
export const steepestOf = ({ from, to }: MapTable): number => {
  let most = 0;
  for (let j = 2; j < from.length; j++) most = Math.max(most, (to[j] - to[j - 2]) / (from[j] - from[j - 2]));
  return most;
};

/** The largest difference of distribution functions between what a table makes of p_t and p_0. */
export const pushForwardError = (factors: MixtureFactors, { t, from, to }: MapTable): number =>
  from.reduce((most, x, j) => Math.max(most, Math.abs(mixtureCdf(factors, x, t) - mixtureCdf(factors, to[j]))), 0);
