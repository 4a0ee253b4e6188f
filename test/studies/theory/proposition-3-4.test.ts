import assert from 'node:assert/strict';
import { test } from 'node:test';
import { theory } from '../../../src/studies';
import { gaussian } from './gaussian';

const near = (got: number, wanted: number, tolerance: number): void =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got}, wanted ${wanted} to ${tolerance}`);

// p = N(0, 0.5^2) seen at s = 0.4: variance 0.41
const families = theory.families34({ p: gaussian(0.5), s: 0.4, side: 5 });
const [gaussians] = families;
const options = { alpha: 1.2, epsilons: [0.3, 1], relative: [0, 0.5, 1], seeds: [0, 1] };

test('Fisher divergence and first stage between Gaussians in closed form', () => {
  for (const member of gaussians.members) {
    const { mean, deviation } = member.parameters;
    const v = deviation ** 2 + 0.16;
    // S - Q = -x / 0.41 + (x - mean) / v = (1/v - 1/0.41)(x - mean) - mean / 0.41
    const fisher = (1 / v - 1 / 0.41) ** 2 * v + (mean / 0.41) ** 2;
    near(member.fisher, fisher, 1e-6 * (1 + fisher));
    const none = new Float64Array(member.mass.length);
    near(theory.firstStageOf(member, none, 1.2, 1), 0.2 * fisher, 1e-6 * (1 + fisher));
    near(theory.firstStageOf(member, none, 1.2, 0.5), -0.2 * fisher, 1e-6 * (1 + fisher));
  }
});

test('no game with lambda >= 0 ends above the bound, also the worst; those without error end at q*', () => {
  const given = { ...options, lambdas: [0, 1], exactLambdas: [0, 0.5] };
  const { rows, verdict } = theory.proposition34(theory.families34({ side: 7 }), given);
  assert.equal(verdict.holds, true);
  assert.equal(verdict.violationsOfSharper, 0);
  assert.equal(rows.length, 2 * (2 * (2 * 2 + 3) + 2));
  for (const row of rows) {
    if (row.errors === 'random') assert.ok(Math.abs(row.epsilon / 0.3 - 1) < 1e-9 || Math.abs(row.epsilon - 1) < 1e-9);
    if (row.errors === 'none') assert.equal(row.fisher, row.bestFisher);
  }
  assert.ok(
    rows.some(row => row.errors === 'adversarial' && row.fisher > 1.5 * row.bestFisher && row.bestFisher > 0.1),
  );
});

test('below lambda = 0 the bound fails without any error of f, worst where coef < alpha / 2', () => {
  const own = theory.families34({ side: 7 }).slice(0, 1);
  const { rows, verdict } = theory.proposition34(own, { ...options, lambdas: [], exactLambdas: [-0.583, -0.167] });
  assert.deepEqual(rows.map(row => row.fisher > row.bound), [true, true]); // prettier-ignore
  assert.equal(rows[0].fisher, Math.max(...own[0].members.map(member => member.fisher)));
  assert.equal(rows[1].fisher, rows[1].bestFisher);
  assert.equal(verdict.holds, false); // nothing with lambda >= 0 was played
  assert.equal(verdict.negativeViolations, 2);
});

test('a row above the bound makes the verdict fail', () => {
  const { rows } = theory.proposition34(families, { ...options, lambdas: [0], exactLambdas: [] });
  assert.equal(theory.verdict34(rows).holds, true);
  assert.equal(theory.verdict34([...rows, { ...rows[0], fisher: rows[0].bound + 0.1 }]).holds, false);
});
