/* Theorem 3.1: the regularised auxiliary f* = beta Q + (1 - beta) S, and the sign of the first stage at it. */
import * as tf from '@tensorflow/tfjs-core';
import { expectNumber } from '../../compute/check';
import { phiLoss, psiLoss, regularisation } from '../../losses';
import { denoisedOf, type Line31 } from './level-on-line';
import { trainedPsi } from './trained-psi';
import type { Checked } from './verdict';

/** The grid as tensors: rows are x_s, columns xhat. */
const gridTensors = (line: Line31): { x: tf.Tensor; xHat: tf.Tensor; D: tf.Tensor; s: tf.Tensor; joint: tf.Tensor } => {
  const [M, N] = [line.x.length, line.xHat.length];
  return {
    x: tf.tensor2d(Float32Array.from(line.x), [M, 1]),
    xHat: tf.tile(tf.tensor2d(Float32Array.from(line.xHat), [1, N]), [M, 1]),
    D: tf.tensor2d(Float32Array.from(denoisedOf(line, line.S)), [M, 1]),
    s: tf.fill([M], line.s),
    joint: tf.tensor2d(Float32Array.from(line.posterior), [M, N]),
  };
};

/**
 * The score f on the grid that minimises the library's own psi loss, one free value F(x) a point: the loss is quadratic
 * in each, so that its gradients at two places give the minimum.
 */
export const solvedPsi = (line: Line31, coef: number): Float64Array => {
  expectNumber('solvedPsi', 'coef', coef, { above: 0 });
  const F = tf.tidy(() => {
    const { x, xHat, D, s, joint } = gridTensors(line);
    const loss = (values: tf.Tensor): tf.Scalar =>
      tf.sum(tf.mul(joint, psiLoss({ F: tf.tile(values, [1, line.xHat.length]), xHat, D, s }, { coef })));
    const gradient = tf.grad(loss);
    const [g0, g1] = [gradient(x), gradient(tf.add(x, 1))];
    return tf.sub(x, tf.div(g0, tf.sub(g1, g0))).dataSync();
  });
  return line.x.map((x, j) => (F[j] - x) / line.s ** 2);
};

/**
 * The first stage at f, per E||S - Q||^2: E[u (S - grad log q(x_s|xhat)) - alpha u^2] with u = S - f, by the library's
 * phi loss over the grid with its per-sample scale c taken out again.
 */
export const firstStage = (line: Line31, f: Float64Array, alpha: number): number =>
  tf.tidy(() => {
    const { xHat, D, joint } = gridTensors(line);
    const [M, N] = joint.shape;
    const wide = (values: tf.Tensor): tf.Tensor => tf.reshape(tf.tile(values, [1, N]), [M * N, 1]);
    const F = wide(tf.tensor2d(Float32Array.from(denoisedOf(line, f)), [M, 1]));
    const [flat, flatD] = [tf.reshape(xHat, [M * N, 1]), wide(D)];
    const c = tf.maximum(tf.abs(tf.sub(flat, flatD)), 1e-5);
    const perSample = tf.reshape(tf.mul(phiLoss({ F, xHat: flat, D: flatD }, { alpha }), c), [M, N]);
    const perPoint = tf.sum(tf.mul(joint, perSample), 1).dataSync();
    return line.q.reduce((sum, mass, j) => sum + mass * perPoint[j], 0) / line.s ** 4 / line.fisher;
  });

/** Least squares of f - S on Q - S under q: the measured weight of Q, and the share of f - S that it leaves. */
export const weightOnQ = ({ q, Q, S }: Line31, f: Float64Array): { beta: number; residual: number } => {
  let [across, square, own] = [0, 0, 0];
  q.forEach((mass, j) => {
    across += mass * (f[j] - S[j]) * (Q[j] - S[j]);
    square += mass * (Q[j] - S[j]) ** 2;
    own += mass * (f[j] - S[j]) ** 2;
  });
  const beta = across / square;
  return { beta, residual: Math.sqrt(Math.max(0, own - beta * across) / own) };
};

/** Row of the figure: one auxiliary. */
export type Row31 = {
  kind: 'solved' | 'trained';
  alpha: number;
  coef: number;
  lambda: number;
  seed: number;
  /** Measured. */
  beta: number;
  /** 1 / (2 coef). */
  betaPredicted: number;
  /** Share of f - S that is not along Q - S. */
  residual: number;
  /** First stage / E||S - Q||^2, measured. */
  first: number;
  /** beta - alpha beta^2. */
  firstPredicted: number;
};

const row31 = (line: Line31, f: Float64Array, given: Pick<Row31, 'kind' | 'alpha' | 'coef' | 'seed'>): Row31 => {
  const { lambda, beta: betaPredicted } = regularisation(given.alpha, given.coef);
  const first = firstStage(line, f, given.alpha);
  const firstPredicted = betaPredicted - given.alpha * betaPredicted ** 2;
  return { ...given, lambda, ...weightOnQ(line, f), betaPredicted, first, firstPredicted };
};

/** Solved auxiliaries over a dense axis of strengths, for several alpha; trained ones at a few, several seeds each. */
export const theorem31 = async (
  line: Line31,
  {
    alphas,
    coefs,
    trainedCoefs,
    seeds,
    steps,
    batch = 256,
    signal,
    onRow,
  }: {
    alphas: readonly number[];
    coefs: readonly number[];
    trainedCoefs: readonly number[];
    seeds: readonly number[];
    steps: number; // of a training
    batch?: number;
    signal?: AbortSignal;
    onRow?: (rows: number) => void;
  },
): Promise<Checked<Row31>> => {
  const rows: Row31[] = [];
  const add = async (row: Row31): Promise<void> => {
    rows.push(row);
    onRow?.(rows.length);
    await new Promise(resolve => setImmediate(resolve)); // lets an interrupt through
  };
  for (const coef of coefs) {
    const f = solvedPsi(line, coef);
    for (const alpha of alphas) await add(row31(line, f, { kind: 'solved', alpha, coef, seed: 0 }));
  }
  for (const coef of trainedCoefs)
    for (const seed of seeds) {
      const f = trainedPsi(line, coef, { steps, batch, seed, signal });
      if (f) await add(row31(line, f, { kind: 'trained', alpha: alphas[alphas.length - 1], coef, seed }));
    }
  return { rows, verdict: verdict31(rows) };
};

const most = (rows: readonly Row31[], value: (row: Row31) => number): number => Math.max(0, ...rows.map(value));

/** Holds when the solved weights and first stages are the predicted ones and change sign at coef = alpha / 2. */
export const verdict31 = (rows: readonly Row31[]): Checked<Row31>['verdict'] => {
  const solved = rows.filter(({ kind }) => kind === 'solved');
  const trained = rows.filter(({ kind }) => kind === 'trained');
  const betaError = most(solved, row => Math.abs(row.beta / row.betaPredicted - 1));
  const firstError = most(solved, row => Math.abs(row.first - row.firstPredicted));
  const wrongSigns = solved.filter(
    ({ first, coef, alpha }) => Math.abs(coef - alpha / 2) > 1e-3 * alpha && first > 0 !== coef > alpha / 2,
  ).length;
  const trainedBetaError = most(trained, row => Math.abs(row.beta / row.betaPredicted - 1));
  return {
    statement: 'Theorem 3.1',
    reading:
      'the psi loss of the code is least at f* = beta Q + (1 - beta) S; first stage (beta - alpha beta^2) E||S - Q||^2',
    holds: solved.length > 0 && betaError < 1e-3 && firstError < 1e-3 && wrongSigns === 0 && trainedBetaError < 0.05,
    solved: solved.length,
    betaError,
    firstError,
    wrongSigns,
    trained: trained.length,
    trainedBetaError,
    trainedResidual: most(trained, row => row.residual),
  };
};
