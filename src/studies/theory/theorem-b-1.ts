/* Theorem B.1: D_h = E_q[h(S - Q)] as the maximum over u of E[u . (S - grad log q(x_s|xhat)) - h*(u)]. */
import { expectInteger, expectNumber, fail } from '../../compute/check';
import { factorise, type Mixture, mixtureAt, type MixtureFactors } from '../../diffusion';
import { denoisedHidden, gridAround, type Hidden, semiImplicitAt } from './semi-implicit';
import type { Checked } from './verdict';

/** A strictly convex function of the length r = ||y|| with its Legendre conjugate, a function of rho = ||u||. */
export type Convex = {
  name: string;
  h: (r: number) => number;
  conjugate: (rho: number) => number;
  /** h* is finite for rho below this. */
  limit: number;
};

/** h = ||y||^2 / (4 alpha), h* = alpha ||u||^2: CoSIM's own. */
export const square = (alpha = 1.2): Convex => ({
  name: 'square',
  h: r => r ** 2 / (4 * alpha),
  conjugate: rho => alpha * rho ** 2,
  limit: Infinity,
});

/** h = kappa delta^2 (sqrt(1 + ||y||^2 / delta^2) - 1), h* = kappa delta^2 (1 - sqrt(1 - ||u||^2 / (kappa delta)^2)). */
export const pseudoHuber = (kappa = 1, delta = 1): Convex => ({
  name: 'pseudo-Huber',
  h: r => kappa * delta ** 2 * (Math.hypot(1, r / delta) - 1),
  conjugate: rho => kappa * delta ** 2 * (1 - Math.sqrt(1 - (rho / (kappa * delta)) ** 2)),
  limit: kappa * delta,
});

/** h = ||y||^p / p, h* = ||u||^p' / p' with 1/p + 1/p' = 1. */
export const power = (p = 4): Convex => {
  const dual = expectNumber('power', 'p', p, { above: 1 }) / (p - 1);
  return { name: `power ${p}`, h: r => r ** p / p, conjugate: rho => rho ** dual / dual, limit: Infinity };
};

/** The maximum of a concave function on [0, limit), by doubling until it falls and golden sections. */
export const searchMaximum = (f: (r: number) => number, limit = Infinity): { at: number; value: number } => {
  let [low, high] = [0, Math.min(1, limit)];
  while (high < limit && f(2 * high) > f(high)) high *= 2;
  high = Math.min(2 * high, limit * (1 - 1e-13));
  const golden = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [high - golden * (high - low), low + golden * (high - low)];
  let [fa, fb] = [f(a), f(b)];
  for (let i = 0; i < 75; i++) {
    if (fa < fb) {
      [low, a, fa] = [a, b, fb];
      b = low + golden * (high - low);
      fb = f(b);
    } else {
      [high, b, fb] = [b, a, fa];
      a = high - golden * (high - low);
      fa = f(a);
    }
  }
  return { at: 0.5 * (low + high), value: Math.max(fa, fb, f(0)) };
};

/** Row of the first panel: the conjugate by formula, and by searching sup_r (rho r - h(r)). */
export type ConjugateRow = { name: string; rho: number; formula: number; searched: number };

export const conjugateRows = (functions: readonly Convex[], rhos: readonly number[]): ConjugateRow[] =>
  functions.flatMap(({ name, h, conjugate, limit }) =>
    rhos
      .filter(rho => rho < limit)
      .map(rho => ({
        name,
        rho,
        formula: conjugate(rho),
        searched: searchMaximum(r => rho * r - h(r)).value,
      })),
  );

/** The gap between data and generator on a grid of x_s, M points in d dimensions. */
export type Gap = {
  d: number;
  t: number;
  /** [M] masses. */
  q: Float64Array;
  /** [M] ||S - Q||, Q by differentiating log q. */
  direct: Float64Array;
  /** [M] ||E[S - grad log q(x_s|xhat) | x_s]||, Q never used. */
  conditional: Float64Array;
};

/** d log q / dx_i by central differences of fourth order. */
const differentiated = (hidden: Hidden, x: Float64Array, s: number, i: number): number => {
  const step = 1e-3 * s;
  const log = (k: number): number => {
    const moved = Float64Array.from(x, (value, j) => (j === i ? value + k * step : value));
    return Math.log(semiImplicitAt(hidden, moved, s).density);
  };
  return (8 * (log(1) - log(-1)) - (log(2) - log(-2))) / (12 * step);
};

/** The gap at (s, t) with xhat = E[x_0 | x_t], in one or two dimensions. */
export const scoreGap = (mixture: Mixture, { s, t, nodes }: { s: number; t: number; nodes: number }): Gap => {
  const factors: MixtureFactors = factorise(mixture);
  const { d } = factors;
  if (d > 2) fail('scoreGap', 'mixture', 'in one or two dimensions', d);
  expectInteger('scoreGap', 'nodes', nodes, { min: 3 });
  const hidden = denoisedHidden(factors, t, nodes);
  const grid = gridAround(factors, s, 4.5, nodes);
  const M = grid.length / d;
  const gap: Gap = { d, t, q: new Float64Array(M), direct: new Float64Array(M), conditional: new Float64Array(M) };
  for (let j = 0; j < M; j++) {
    const x = grid.slice(j * d, (j + 1) * d);
    const S = mixtureAt(factors, x, s).score;
    const { density, posterior } = semiImplicitAt(hidden, x, s);
    gap.q[j] = density;
    if (density < 1e-200) continue;
    gap.direct[j] = Math.hypot(...S.map((value, i) => value - differentiated(hidden, x, s, i)));
    const pull = new Float64Array(d); // E[grad log q(x_s|xhat) | x_s], term by term
    posterior.forEach((p, n) => pull.forEach((_, i) => (pull[i] += (p * (hidden.points[n * d + i] - x[i])) / s ** 2)));
    gap.conditional[j] = Math.hypot(...S.map((value, i) => value - pull[i]));
  }
  const total = gap.q.reduce((a, b) => a + b, 0);
  return { ...gap, q: gap.q.map(mass => mass / total) };
};

/** Row of the other panels: the divergence directly, and the variational value at `scale` times the best u. */
export type VariationalRow = { name: string; d: number; t: number; scale: number; direct: number; value: number };

/**
 * E[u . (S - grad log q(x_s|xhat)) - h*(u)] with u found at each x_s by search over its length (its direction is that of
 * the gap, as h* depends on the length alone), then scaled; beside D_h.
 */
export const variationalRows = (
  gap: Gap,
  { name, h, conjugate, limit }: Convex,
  scales: readonly number[],
): VariationalRow[] => {
  const lengths = gap.conditional.map(m => searchMaximum(rho => rho * m - conjugate(rho), limit).at);
  const direct = gap.q.reduce((sum, mass, j) => sum + mass * h(gap.direct[j]), 0);
  return scales
    .filter(scale => scale <= 1 || lengths.every(rho => scale * rho < limit))
    .map(scale => {
      const at = (j: number): number => scale * lengths[j] * gap.conditional[j] - conjugate(scale * lengths[j]);
      return { name, d: gap.d, t: gap.t, scale, direct, value: gap.q.reduce((sum, mass, j) => sum + mass * at(j), 0) };
    });
};

/** Everything of the figure: conjugates, the variational value against the scale of u, and its maximum over t. */
export const theoremB1 = ({
  functions,
  rhos,
  gaps,
  scales,
}: {
  functions: readonly Convex[];
  rhos: readonly number[]; // lengths of u
  gaps: readonly Gap[];
  scales: readonly number[]; // with 1
}): Checked<VariationalRow> & { conjugates: ConjugateRow[] } => {
  const conjugates = conjugateRows(functions, rhos);
  const rows = gaps.flatMap(gap => functions.flatMap(convex => variationalRows(gap, convex, scales)));
  const best = rows.filter(({ scale }) => scale === 1);
  const conjugateError = Math.max(...conjugates.map(row => Math.abs(row.searched - row.formula)));
  const maximumError = Math.max(...best.map(row => Math.abs(row.value / row.direct - 1)));
  const above = rows.filter(row => row.value > row.direct * (1 + 1e-6)).length;
  return {
    rows,
    conjugates,
    verdict: {
      statement: 'Theorem B.1',
      reading:
        'E_q[h(S - Q)] = max_u E[u . (S - grad log q(x_s|xhat)) - h*(u)], for three h, in one and two dimensions',
      holds: best.length > 0 && conjugateError < 1e-9 && maximumError < 1e-5 && above === 0,
      conjugateError,
      maximumError,
      above,
      divergences: best.length,
    },
  };
};
