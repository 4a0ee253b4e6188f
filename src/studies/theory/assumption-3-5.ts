/*
 * Assumption 3.5, as it must be for Proposition 3.8's numbers: G is L_F-Lipschitz in x for every t, measured in
 * variance-preserving coordinates z = x / sqrt(1 + t^2). In x, with a = 1 and sigma = t, that is a slope of at most
 * L_F / sqrt(1 + t^2) <= 2 L_F / (t + 1): the proposition's rate. For the optimal map of a mixture the slope is exact.
 */
import type { Mixture } from '../../diffusion';
import { lineFactors, twoModes } from './line';
import { flowMaps, steepest, steepestOf } from './transport';
import type { Checked } from './verdict';

/** t_mid of Proposition 3.8 where a = 1 and sigma = t: the rate 2 L_F / (t_mid + 1) is then below 1/2. */
export const veMiddle = (lipschitz: number): number => 4 * lipschitz;

/** t_mid of Proposition 3.8 where a = e^-t and sigma^2 = 1 - e^-2t: L_F e^-t_mid is 1/4. */
export const vpMiddle = (lipschitz: number): number => Math.log(4 * lipschitz);

/** Row of the figure: the optimal map of one mixture at one t. */
export type Row35 = {
  /** Of a mode, in units of the distance between the modes. */
  deviation: number;
  t: number;
  /** Largest dG/dx, p_t(x) / p_0(G(x, t)). */
  slope: number;
  /** In z: sqrt(1 + t^2) slope. */
  scaled: number;
  /** The slope again, by differentiating the probability flow. */
  flowSlope: number;
  /** 2 L_F / (t + 1). */
  bound: number;
};

/** What the slope in x at t may be. */
const boundOf = (lipschitz: number, t: number): number => (2 * lipschitz) / (t + 1);

/** L_F of a mixture's optimal map: the largest scaled slope over the times. */
export const lipschitzOf = (mixture: Mixture, times: readonly number[], points = 401): number => {
  const factors = lineFactors('lipschitzOf', mixture);
  return Math.max(...times.map(t => Math.hypot(1, t) * steepest(factors, t, points)));
};

/** Times at which L_F is not taken: between those of a grid, and up to 100 times beyond its ends. */
const otherTimes = (times: readonly number[]): number[] => {
  const [first, last] = [times[0], times[times.length - 1]];
  const between = times.slice(1).map((t, i) => Math.sqrt(t * times[i]));
  return [100 * first, 10 * first, ...between, last / 10, last / 100];
};

/**
 * Slopes of the optimal map over t for two modes ever farther apart. L_F is taken at the times given, and the bound is
 * tested at others: it holds where `tightest`, the largest slope there per bound, is at most 1. `perLipschitz` is the
 * largest scaled slope there per L_F, a little above 1 where the steepest t lies between two of the grid.
 */
export const assumption35 = ({
  deviations,
  times,
  separation = 1.2,
  points = 401,
  onRow,
}: {
  deviations: readonly number[]; // of a mode, per separation
  times: readonly number[]; // decreasing
  separation?: number;
  points?: number;
  onRow?: (rows: number) => void;
}): Checked<Row35> & { constants: { deviation: number; lipschitz: number; veMiddle: number; vpMiddle: number }[] } => {
  const rows: Row35[] = [];
  const tested: { perBound: number; perLipschitz: number }[] = [];
  const constants = deviations.map(deviation => {
    const mixture = twoModes(separation, deviation * separation);
    const factors = lineFactors('assumption35', mixture);
    const flow = flowMaps(factors, times, { points, stepSize: 0.02 });
    const slopes = times.map(t => steepest(factors, t, points));
    const lipschitz = Math.max(...slopes.map((slope, i) => Math.hypot(1, times[i]) * slope));
    slopes.forEach((slope, i) => {
      const t = times[i];
      const scaled = Math.hypot(1, t) * slope;
      rows.push({ deviation, t, slope, scaled, flowSlope: steepestOf(flow[i]), bound: boundOf(lipschitz, t) });
      onRow?.(rows.length);
    });
    for (const t of otherTimes(times)) {
      const slope = steepest(factors, t, points);
      const perLipschitz = (Math.hypot(1, t) * slope) / lipschitz;
      tested.push({ perBound: slope / boundOf(lipschitz, t), perLipschitz });
    }
    return { deviation, lipschitz, veMiddle: veMiddle(lipschitz), vpMiddle: vpMiddle(lipschitz) };
  });
  const flowError = Math.max(...rows.map(row => Math.abs(row.flowSlope / row.slope - 1)));
  const tightest = Math.max(...tested.map(({ perBound }) => perBound));
  return {
    rows,
    constants,
    verdict: {
      statement: 'Assumption 3.5',
      reading:
        'G(., t) is L_F-Lipschitz in x / sqrt(1 + t^2) for every t, so its slope in x is at most 2 L_F / (t + 1); L_F is taken at some t, the bound tested at others',
      holds: rows.length > 0 && tightest <= 1 && flowError < 0.05,
      tightest,
      perLipschitz: Math.max(...tested.map(({ perLipschitz }) => perLipschitz)),
      flowError,
      constants,
    },
  };
};
