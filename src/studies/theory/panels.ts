/* The figures of the theory notebook: which numbers of a statement go into which panel. */
import type { MeasuredPanel, PanelValue } from '../../figures';
import { spread } from '../../metrics';
import type { Row35 } from './assumption-3-5';
import { logSpaced, spaced } from './line';
import type { PushRow, Row32 } from './proposition-3-2';
import type { Row34 } from './proposition-3-4';
import type { ProcessName, RateRow, Row38, StopRow } from './proposition-3-8';
import type { Row31 } from './theorem-3-1';
import type { ConjugateRow, VariationalRow } from './theorem-b-1';

const values = <R>(rows: readonly R[], pick: (row: R) => [series: string, x: number, y: number]): PanelValue[] =>
  rows.map(row => {
    const [series, x, y] = pick(row);
    return { series, x, y };
  });

/** A logarithmic axis cannot show less than this. */
const visible = (y: number, least = 1e-16): number => Math.max(y, least);

const distinct = (list: readonly number[]): number[] => [...new Set(list)].sort((a, b) => a - b);

export const panels31 = (rows: readonly Row31[]): MeasuredPanel[] => {
  const alphas = distinct(rows.map(row => row.alpha));
  const solved = rows.filter(row => row.kind === 'solved');
  const trained = rows.filter(row => row.kind === 'trained');
  const shown = solved.filter((_, i) => Math.floor(i / alphas.length) % 2 === 0); // dots: fewer strengths
  const last = alphas[alphas.length - 1];
  const network = `trained network, α = ${last}`;
  return [
    {
      title: 'Weight of Q in f*',
      x: { title: 'coef = α(1 + λ)' },
      y: { title: 'β, least squares of f − S on Q − S' },
      predicted: values(solved, row => ['solved psi', row.coef, row.betaPredicted]),
      measured: [
        ...values(shown, row => ['solved psi', row.coef, row.beta]),
        ...values(trained, row => [network, row.coef, row.beta]),
      ],
      rules: [{ y: 1, label: 'f* = Q' }],
    },
    {
      title: 'First stage at the optimum',
      x: { title: 'coef = α(1 + λ)' },
      y: { title: 'first stage / E‖S − Q‖²' },
      predicted: values(solved, row => [`α = ${row.alpha}`, row.coef, row.firstPredicted]),
      measured: [
        ...values(shown, row => [`α = ${row.alpha}`, row.coef, row.first]),
        ...values(trained, row => [network, row.coef, row.first]),
      ],
      rules: [{ y: 0 }, ...alphas.map(alpha => ({ x: alpha / 2 }))],
    },
  ];
};

/** `middle`: the time whose gap is shown against the scale of u. */
export const panelsB1 = (
  rows: readonly VariationalRow[],
  conjugates: readonly ConjugateRow[],
  middle: number,
): MeasuredPanel[] => {
  const best = (d: number): MeasuredPanel => {
    const own = rows.filter(row => row.d === d && row.scale === 1);
    return {
      title: `The maximum, ${d} dimension${d > 1 ? 's' : ''}`,
      x: { title: 't of the generator', log: true },
      y: { title: 'D_h', log: true },
      predicted: values(own, row => [row.name, row.t, row.direct]),
      measured: values(own, row => [row.name, row.t, row.value]),
    };
  };
  const scaled = rows.filter(row => row.d === 1 && row.t === middle);
  return [
    {
      title: 'Conjugates',
      x: { title: '‖u‖' },
      y: { title: 'h*(u)' },
      predicted: values(conjugates, row => [row.name, row.rho, row.formula]),
      measured: values(conjugates, row => [row.name, row.rho, row.searched]),
    },
    {
      title: `Other u than the best, t = ${middle}`,
      x: { title: 'u / best u' },
      y: { title: 'variational value / D_h' },
      measured: values(scaled, row => [row.name, row.scale, row.value / row.direct]),
      rules: [{ y: 1, label: 'D_h' }],
    },
    best(1),
    best(2),
  ];
};

export const panels32 = (rows: readonly Row32[], pushes: readonly PushRow[]): MeasuredPanel[] => {
  const real = rows.filter(row => row.K === 0);
  const steps = (title: string, unit: string, value: (row: Row32) => number): MeasuredPanel => ({
    title,
    x: { title: 'steps K', log: true },
    y: { title: unit, log: true },
    predicted: values(
      rows.filter(row => row.seed === -1),
      row => [row.generator, row.K, value(row)],
    ),
    measured: values(
      rows.filter(row => row.K > 0 && row.n > 0),
      row => [row.generator, row.K, value(row)],
    ),
    rules: [{ y: spread(real.map(value)).mean, label: 'floor' }],
  });
  return [
    {
      title: 'One step from p_t',
      x: { title: 'noise level t', log: true },
      y: { title: 'largest difference of CDFs', log: true },
      measured: values(pushes, row => [row.generator, row.t, visible(row.kolmogorov)]),
    },
    steps('Algorithm 1', 'largest difference of CDFs', row => row.kolmogorov),
    steps('Algorithm 1', 'W2', row => row.w2),
  ];
};

const strengths = [0.5, 0.75, 1];

export const panels34 = (rows: readonly Row34[]): MeasuredPanel[] => {
  const families = [...new Set(rows.map(row => row.family))];
  const game = (family: string, lambda: number): MeasuredPanel => {
    const own = rows.filter(row => row.family === family && row.lambda === lambda && row.errors !== 'none');
    const seen = own.filter(row => row.fisher > 1e-12);
    const [{ alpha, bestFisher }] = own;
    const epsilons = spaced(0.02, Math.max(...seen.map(row => row.epsilon)), 25);
    const scale = (epsilon: number): number => (alpha * (1 + lambda) * epsilon) ** 2;
    return {
      title: `${family}: λ = ${lambda}`,
      x: { title: 'ε_f at q̂' },
      y: { title: 'FI(q̂‖p)', log: true },
      bounds: [
        ...values(epsilons, e => ['the bound', e, (1 + lambda) ** 2 * bestFisher + 2 * (2 + lambda) * scale(e)]),
        ...values(epsilons, e => ['a sharper bound', e, (1 + lambda) * bestFisher + 4 * scale(e)]),
      ],
      measured: values(seen, row => [`${row.errors} errors of f`, row.epsilon, row.fisher]),
    };
  };
  const exact = rows.filter(row => row.errors === 'none' && row.family === families[0]);
  const alpha = exact[0]?.alpha ?? 1;
  return [
    ...distinct(rows.filter(row => row.errors !== 'none').map(row => row.lambda)).map(l => game(families[0], l)),
    game(families[1], 1),
    {
      title: `${families[0]}: exact f; stated for λ ≥ 0`,
      x: { title: 'λ' },
      y: { title: 'FI(q̂‖p)', log: true },
      bounds: values(exact, row => ['the bound', row.lambda, row.bound]),
      measured: values(exact, row => ['exact f', row.lambda, row.fisher]),
      rules: strengths.map(coef => ({ x: coef / alpha - 1, label: `coef ${coef}` })),
    },
  ];
};

export const panels38 = (
  rows: readonly Row38[],
  rates: readonly RateRow[],
  stops: readonly StopRow[],
  middles: Record<ProcessName, number>,
): MeasuredPanel[] => {
  const kind = (row: Row38): string => (row.error === 'shift' ? 'G too far to the right' : 'G too wide');
  const laws = (process: ProcessName): MeasuredPanel => {
    const own = rows.filter(row => row.process === process);
    return {
      title: `${process}: after K steps`,
      x: { title: 'steps K' },
      y: { title: 'W2(q^(K), p_0)' },
      predicted: values(own, row => ['as printed, constant 1', row.K, row.literal]),
      bounds: values(own, row => [kind(row), row.K, row.bound]),
      measured: values(own, row => [kind(row), row.K, row.w2]),
    };
  };
  const shrinking = (process: ProcessName, formula: string): MeasuredPanel => {
    const own = rates.filter(row => row.process === process);
    return {
      title: `${process}: one step, optimal G`,
      x: { title: 't', log: true },
      y: { title: 'W2 after / W2 before', log: true },
      bounds: values(own, row => [formula, row.t, row.bound]),
      measured: values(own, row => [row.start, row.t, row.ratio]),
      rules: [
        { x: middles[process], label: 't_mid' },
        { y: 0.5, label: '1/2' },
      ],
    };
  };
  const ends = distinct(stops.map(row => row.delta));
  const deltas = logSpaced(ends[0], ends[ends.length - 1], 30);
  return [
    laws('VE'),
    shrinking('VE', 'its bound'),
    {
      title: 'Stopping at δ',
      x: { title: 'δ', log: true },
      y: { title: 'W2(p_δ, p_0)', log: true },
      predicted: values(deltas, delta => ['δ² d', delta, delta ** 2]),
      bounds: values(stops, row => ['δ²/2 (E‖∇log p_0‖²)^½', row.delta, row.bound]),
      measured: values(stops, row => ['p_δ', row.delta, row.w2]),
    },
    laws('VP'),
    shrinking('VP', 'its bound'),
  ];
};

export const panels35 = (
  rows: readonly Row35[],
  constants: readonly { deviation: number; lipschitz: number; veMiddle: number; vpMiddle: number }[],
): MeasuredPanel[] => {
  const series = (row: Row35): string => `deviation ${row.deviation}`;
  const t = { title: 'noise level t', log: true };
  return [
    {
      title: 'Slope in x / √(1 + t²)',
      x: t,
      y: { title: 'largest slope of G(·, t)', log: true },
      predicted: values(rows, row => [series(row), row.t, row.scaled]),
      measured: values(rows, row => [series(row), row.t, Math.hypot(1, row.t) * row.flowSlope]),
    },
    {
      title: 'Slope in x',
      x: t,
      y: { title: 'largest slope of G(·, t)', log: true },
      bounds: values(rows, row => [series(row), row.t, row.bound]),
      measured: values(rows, row => [series(row), row.t, row.flowSlope]),
    },
    {
      title: 'What t_mid comes to',
      x: { title: 'deviation of a mode / distance of modes' },
      y: { title: 'L_F and t_mid', log: true },
      measured: constants.flatMap(row => [
        { series: 'L_F', x: row.deviation, y: row.lipschitz },
        { series: 't_mid = 4 L_F (VE)', x: row.deviation, y: row.veMiddle },
        { series: 't_mid = ln(4 L_F) (VP)', x: row.deviation, y: row.vpMiddle },
      ]),
    },
  ];
};
