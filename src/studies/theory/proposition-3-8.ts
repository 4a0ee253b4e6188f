/*
 * Proposition 3.8: W2(q^(K), p_0) <~ delta^2 d + (3/4)^(K-1) E^(1/2)(T) + E^(1/2)(t_mid) for Algorithm 1 with times
 * T, t_mid, t_mid, ...: E(t) = E_{p_t} ||G - G*||^2 is the error of one application, G* optimal. What must be true: one
 * step from q costs at most r W2(q, p_0) + E^(1/2)(t_mid) with r = a(t_mid) Lip G(., t_mid), whence
 *   W2(q^(K), p_0) <= r^(K-1) (E^(1/2)(T) + mismatch) + E^(1/2)(t_mid) (1 - r^(K-1)) / (1 - r),
 * where mismatch is what starting at N(0, T^2) in place of p_T costs. With r <= 3/4 the hidden constant is 1/(1 - r) <= 4.
 * The term delta^2 d is W2 of p_delta and p_0, for a G that stops at t = delta; here G goes on to 0 and it is apart: along
 * the heat flow W2(p_delta, p_0) <= delta^2/2 (E_{p_0} ||grad log p_0||^2)^(1/2), of order delta^2 for a smooth p_0.
 */
import { expectInteger, expectOneOf } from '../../compute/check';
import { type Mixture, mixtureAt, type MixtureFactors } from '../../diffusion';
import { lipschitzOf, veMiddle, vpMiddle } from './assumption-3-5';
import {
  lineFactors,
  type LineLaw,
  lineRange,
  logSpaced,
  mixtureQuantile,
  normalCdf,
  normalLaw,
  pushed,
  spaced,
  wasserstein2,
  withNoise,
} from './line';
import { mapOf, quantileMap } from './transport';
import type { Checked } from './verdict';

/** Known errors of G: G = G* + e(t), and G = (1 + e(t)) G*. */
export const ERRORS = ['shift', 'stretch'] as const;
export type KnownError = (typeof ERRORS)[number];

/** Forward processes by their own time: noise level of a VE time that is the same up to scale, and a. */
export const PROCESSES = {
  VE: { level: (t: number) => t, a: () => 1, middle: veMiddle, rate: (L: number, t: number) => (2 * L) / (t + 1) },
  VP: {
    level: (t: number) => Math.sqrt(Math.expm1(2 * t)), // a = e^-t, sigma^2 = 1 - e^-2t
    a: (t: number) => Math.exp(-t),
    middle: vpMiddle,
    rate: (L: number, t: number) => L * Math.exp(-t),
  },
} as const;
export type ProcessName = keyof typeof PROCESSES;

/** e(t) per deviation of the data, growing with the noise level as a trained network's error does. */
const errorAt = (level: number, { small, large }: { small: number; large: number }): number =>
  small + ((large - small) * Math.log1p(level)) / Math.log1p(80);

/** Row of the first panels: the law after K steps. */
export type Row38 = {
  process: ProcessName;
  error: KnownError;
  K: number;
  w2: number;
  /** Derived, with the proposition's rate. */
  bound: number;
  /** (3/4)^(K-1) E^(1/2)(T) + E^(1/2)(t_mid). */
  literal: number;
  rate: number;
  /** E^(1/2)(T). */
  first: number;
  /** E^(1/2)(t_mid). */
  middle: number;
};

/** Row of the third panel: how one step with the optimal G shrinks a wrong start, W2 after per W2 before. */
export type RateRow = { process: ProcessName; t: number; start: string; ratio: number; bound: number };

/** Row of the fourth: what stopping at t = delta costs. */
export type StopRow = { delta: number; w2: number; bound: number };

/** How the error grows over K steps with a G of known error. */
const chain = (
  factors: MixtureFactors,
  process: ProcessName,
  error: KnownError,
  {
    K,
    lipschitz,
    sizes,
    points,
  }: { K: number; lipschitz: number; sizes: { small: number; large: number }; points: number },
): Row38[] => {
  const { level, middle, rate } = PROCESSES[process];
  const square = factors.means.reduce(
    (sum, m, k) => sum + Math.exp(factors.logWeights[k]) * (m ** 2 + factors.variances[k]),
    0,
  );
  const deviation = Math.sqrt(square); // of x_0, whose mean is 0: E ||e G*||^2 = e^2 square
  const [tMid, T] = [level(middle(lipschitz)), 80];
  // With x scaled by a both processes are the same chain in x: G_VP(a x, t) = G(x, sigma / a).
  const generator = (t: number) => {
    const e = errorAt(t, sizes);
    const optimal = mapOf(quantileMap(factors, t, points));
    return (x: number): number => (error === 'shift' ? optimal(x) + e * deviation : (1 + e) * optimal(x));
  };
  const [first, inMiddle] = [deviation * errorAt(T, sizes), deviation * errorAt(tMid, sizes)];
  const stretched = error === 'stretch' ? 1 + errorAt(tMid, sizes) : 1; // Lip G over Lip G*
  const r = rate(lipschitz, middle(lipschitz)) * stretched;
  const start = normalLaw(T, points);
  const mismatch = ((2 * lipschitz) / (T + 1)) * wasserstein2(start, factors, T) * (1 + errorAt(T, sizes));
  const [atT, atMiddle] = [generator(T), generator(tMid)];
  let law: LineLaw = pushed(start, atT);
  return Array.from({ length: K }, (_, k): Row38 => {
    if (k > 0) law = pushed(withNoise(law, tMid), atMiddle);
    return {
      process,
      error,
      K: k + 1,
      w2: wasserstein2(law, factors),
      rate: r,
      first,
      middle: inMiddle,
      bound: r ** k * (first + mismatch) + (inMiddle * (1 - r ** k)) / (1 - r),
      literal: 0.75 ** k * first + inMiddle,
    };
  });
};

/** p_0 as a table, moved and stretched. */
const wrongStart = (factors: MixtureFactors, shift: number, stretch: number, points: number): LineLaw => {
  const levels = Float64Array.from(spaced(-5.5, 5.5, points), normalCdf);
  return { levels, values: levels.map(level => shift + stretch * mixtureQuantile(factors, level)) };
};

const rates = (factors: MixtureFactors, lipschitz: number, times: readonly number[], points: number): RateRow[] => {
  const starts = [
    { start: 'p_0 shifted by 0.5', law: wrongStart(factors, 0.5, 1, points) },
    { start: 'p_0 stretched by 1.5', law: wrongStart(factors, 0, 1.5, points) },
  ].map(entry => ({ ...entry, before: wasserstein2(entry.law, factors) }));
  return (Object.keys(PROCESSES) as ProcessName[]).flatMap(process =>
    times.flatMap(level => {
      const t = process === 'VE' ? level : 0.5 * Math.log1p(level ** 2);
      const optimal = mapOf(quantileMap(factors, level, points));
      return starts.map(({ start, law, before }) => ({
        process,
        t,
        start,
        bound: PROCESSES[process].rate(lipschitz, t),
        ratio: wasserstein2(pushed(withNoise(law, level), optimal), factors) / before,
      }));
    }),
  );
};

/** E ||grad log p||^2 of a mixture on the line. */
const fisherInformation = (factors: MixtureFactors, points: number): number => {
  const grid = spaced(...lineRange(factors), points);
  const at = grid.map(x => mixtureAt(factors, [x], 0));
  const sum = at.reduce((total, { logDensity, score }) => total + Math.exp(logDensity) * score[0] ** 2, 0);
  return sum * (grid[1] - grid[0]);
};

/** W2(p_delta, p_0) by the quantiles of both. */
const stopping = (factors: MixtureFactors, deltas: readonly number[], points: number): StopRow[] => {
  const levels = Float64Array.from(spaced(-5.5, 5.5, points), normalCdf);
  const constant = Math.sqrt(fisherInformation(factors, points)) / 2;
  return deltas.map(delta => {
    const law = { levels, values: levels.map(level => mixtureQuantile(factors, level, delta)) };
    return { delta, w2: wasserstein2(law, factors), bound: constant * delta ** 2 };
  });
};

/** All of the figure, for one mixture on the line (d = 1). */
export const proposition38 = (
  mixture: Mixture,
  {
    K,
    errors = ERRORS,
    sizes = { small: 0.01, large: 0.6 },
    rateTimes,
    deltas,
    points = 401,
    onRow,
  }: {
    K: number; // steps, at most
    errors?: readonly KnownError[];
    sizes?: { small: number; large: number }; // e(t) at t = 0 and at T = 80, per deviation of the data
    rateTimes: readonly number[]; // noise levels
    deltas: readonly number[];
    points?: number;
    onRow?: (rows: number) => void;
  },
): Checked<Row38> & { lipschitz: number; rates: RateRow[]; stops: StopRow[] } => {
  expectInteger('proposition38', 'K', K, { min: 1 });
  for (const error of errors) expectOneOf('proposition38', 'errors', error, ERRORS);
  const factors = lineFactors('proposition38', mixture);
  const lipschitz = lipschitzOf(mixture, logSpaced(100, 0.05, 30));
  const rows: Row38[] = [];
  for (const process of Object.keys(PROCESSES) as ProcessName[])
    for (const error of errors) {
      rows.push(...chain(factors, process, error, { K, lipschitz, sizes, points }));
      onRow?.(rows.length);
    }
  const rateRows = rates(factors, lipschitz, rateTimes, points);
  const stops = stopping(factors, deltas, points);
  return { rows, lipschitz, rates: rateRows, stops, verdict: verdict38(rows, lipschitz, rateRows, stops) };
};

/** Holds when all laws stay below the derived bound and below 4 times the printed one, and all rates below theirs. */
export const verdict38 = (
  rows: readonly Row38[],
  lipschitz: number,
  rateRows: readonly RateRow[],
  stops: readonly StopRow[],
): Checked<Row38>['verdict'] => {
  const perBound = Math.max(...rows.map(row => row.w2 / row.bound));
  const perLiteral = Math.max(...rows.map(row => row.w2 / row.literal));
  const perRate = Math.max(...rateRows.map(row => row.ratio / row.bound));
  const perStop = Math.max(...stops.map(({ w2, bound }) => w2 / bound));
  return {
    statement: 'Proposition 3.8',
    reading:
      'E(t) = E||G - G*||^2 under p_t; times T, t_mid, t_mid, ...; L_F as in Assumption 3.5; <~ hides a constant of at most 4',
    holds: rows.length > 0 && perBound <= 1 + 1e-3 && perLiteral <= 4 && perRate <= 1 + 1e-3 && perStop <= 1 + 1e-3,
    perBound,
    perLiteral,
    perRate,
    lipschitz,
    veMiddle: veMiddle(lipschitz),
    vpMiddle: vpMiddle(lipschitz),
    perStop,
    stopPerDeltaSquared: Math.max(...stops.map(({ delta, w2 }) => w2 / delta ** 2)),
  };
};
