import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { selectBackend } from '../../../src/compute/backend';
import { theory } from '../../../src/studies';
import { gaussian } from './gaussian';

const near = (got: number, wanted: number, tolerance: number): void =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got}, wanted ${wanted} to ${tolerance}`);

before(() => selectBackend({ backend: 'wasm' }));

// One Gaussian of deviation 1 at s = 0.5, t = 2: xhat = x_t / 5, so q = N(0, 1/5 + 1/4), and both scores are linear.
const [qVariance, pVariance] = [0.45, 1.25];
const line = theory.line31({ mixture: gaussian(1), s: 0.5, t: 2, nodes: 161 });

test('scores and Fisher divergence of one Gaussian in closed form', () => {
  line.x.forEach((x, j) => {
    if (line.q[j] < 1e-5) return;
    near(line.Q[j], -x / qVariance, 2e-3);
    near(line.S[j], -x / pVariance, 1e-12);
  });
  near(line.fisher, (1 / qVariance - 1 / pVariance) ** 2 * qVariance, 1e-3);
});

test('the minimum of the code loss lies between Q and S at 1 / (2 coef), with nothing left over', () => {
  for (const [coef, beta] of [
    [0.5, 1],
    [0.75, 2 / 3],
    [1, 1 / 2],
    [2, 1 / 4],
  ]) {
    const f = theory.solvedPsi(line, coef);
    const measured = theory.weightOnQ(line, f);
    near(measured.beta, beta, 1e-4);
    assert.ok(measured.residual < 1e-3);
    const middle = 100; // x_s = 1.2 or so: f* is linear as Q and S are
    near(f[middle], -line.x[middle] * (beta / qVariance + (1 - beta) / pVariance), 2e-3);
  }
});

test('the first stage at the optimum: -0.2, 0.133, 0.2 for the strengths of Table 6 with alpha 1.2', () => {
  for (const [coef, first] of [
    [0.5, -0.2],
    [0.75, 2 / 15],
    [1, 0.2],
  ])
    near(theory.firstStage(line, theory.solvedPsi(line, coef), 1.2), first, 1e-4);
});

test('the first stage at f = Q is (1 - alpha) E||S - Q||^2, at f = S nothing', () => {
  near(theory.firstStage(line, line.Q, 0.7), 0.3, 1e-4);
  near(theory.firstStage(line, line.S, 0.7), 0, 1e-6);
});

test('a network trained on samples comes close; an aborted training gives nothing', async () => {
  const f = theory.trainedPsi(line, 1, { steps: 120, batch: 128, seed: 0 });
  assert.ok(f);
  near(theory.weightOnQ(line, f).beta, 0.5, 0.08);
  assert.equal(theory.trainedPsi(line, 1, { steps: 5, batch: 8, seed: 0, signal: AbortSignal.abort() }), undefined);
  const { rows, verdict } = await theory.theorem31(line, {
    alphas: [1, 1.2],
    coefs: [0.4, 0.8],
    trainedCoefs: [],
    seeds: [],
    steps: 1,
  });
  assert.equal(rows.length, 4);
  assert.equal(verdict.holds, true);
});

test('a wrong weight or a wrong sign is found: the verdict is computed from the rows', async () => {
  const options = { alphas: [1.2], coefs: [0.4, 0.8], trainedCoefs: [], seeds: [], steps: 1 };
  const { rows } = await theory.theorem31(line, options);
  assert.equal(theory.verdict31(rows.map(row => ({ ...row, beta: row.beta * 1.01 }))).holds, false);
  assert.equal(theory.verdict31(rows.map(row => ({ ...row, first: -row.first }))).holds, false);
  assert.equal(theory.verdict31([]).holds, false);
});

test('bad times are refused by name', () => {
  assert.throws(() => theory.line31({ s: 1, t: 1 }), /line31: t must be above s = 1/);
  assert.throws(() => theory.line31({ s: 0 }), /line31: s/);
});
