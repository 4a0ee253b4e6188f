/* One pair of times (s, t) on the line with all its laws on grids: where Theorem 3.1 is measured. */
import { expectInteger, expectNumber, fail } from '../../compute/check';
import { type Mixture, mixtureAt } from '../../diffusion';
import { lineFactors, lineRange, spaced, twoModes } from './line';
import { denoisedHidden, semiImplicitAt } from './semi-implicit';

/** One pair (s, t) on the line, all its laws on grids: N values of xhat, M of x_s. */
export type Line31 = {
  mixture: Mixture;
  s: number;
  t: number;
  /** [N], rising. */
  xHat: Float64Array;
  /** [N] of xhat. */
  weights: Float64Array;
  /** [M] grid of x_s. */
  x: Float64Array;
  /** [M] masses of x_s. */
  q: Float64Array;
  /** [M * N], P(xhat | x_s). */
  posterior: Float64Array;
  /** [M] score of q. */
  Q: Float64Array;
  /** [M] score of p. */
  S: Float64Array;
  /** E_q ||S - Q||^2. */
  fisher: number;
};

/** Everything exact at one (s, t), with xhat = E[x_0 | x_t]: the generator that starts as the teacher. */
export const line31 = ({ mixture = twoModes(), s = 0.4, t = 1.5, nodes = 241 } = {}): Line31 => {
  expectNumber('line31', 's', s, { above: 0 });
  expectNumber('line31', 't', t, { above: 0 });
  if (t <= s) fail('line31', 't', `above s = ${s}`, t);
  expectInteger('line31', 'nodes', nodes, { min: 3 });
  const factors = lineFactors('line31', mixture);
  const hidden = denoisedHidden(factors, t, nodes);
  const x = Float64Array.from(spaced(...lineRange(factors, s, 5), nodes));
  const at = Array.from(x, value => semiImplicitAt(hidden, [value], s));
  const total = at.reduce((sum, { density }) => sum + density, 0);
  const q = Float64Array.from(at, ({ density }) => density / total);
  const Q = Float64Array.from(at, ({ score }) => score[0]);
  const S = x.map(value => mixtureAt(factors, [value], s).score[0]);
  return {
    mixture,
    s,
    t,
    xHat: hidden.points,
    weights: hidden.weights,
    x,
    q,
    Q,
    S,
    posterior: Float64Array.from(at.flatMap(({ posterior }) => [...posterior])),
    fisher: q.reduce((sum, mass, j) => sum + mass * (S[j] - Q[j]) ** 2, 0),
  };
};

/** D(x) or F(x) of a score on the grid: x + s^2 score. */
export const denoisedOf = ({ x, s }: Line31, score: Float64Array): Float64Array =>
  x.map((value, j) => value + s * s * score[j]);
