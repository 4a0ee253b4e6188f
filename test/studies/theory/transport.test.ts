import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factorise } from '../../../src/diffusion';
import { theory } from '../../../src/studies';
import { gaussian } from './gaussian';

const { flowMaps, mapOf, pushForwardError, quantileMap, steepest, steepestOf, twoModes } = theory;
const near = (got: number, wanted: number, tolerance: number): void =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got}, wanted ${wanted} to ${tolerance}`);

test('one Gaussian: both maps are x sqrt(v / (v + t^2)) about the mean, and so is their slope', () => {
  const factors = factorise(gaussian(0.5, 0.2));
  const flow = flowMaps(factors, [10, 1], { points: 101 });
  for (const [i, t] of [10, 1].entries()) {
    const slope = 0.5 / Math.hypot(0.5, t);
    for (const table of [flow[i], quantileMap(factors, t, 101)]) {
      assert.equal(table.t, t);
      for (const x of [-4, 0.2, 1, 7]) near(mapOf(table)(x), 0.2 + slope * (x - 0.2), 1e-5);
      near(steepestOf(table), slope, 1e-5);
    }
    near(steepest(factors, t, 101), slope, 1e-9);
  }
});

test('two modes: the flow and the quantiles give the same map, which pushes p_t onto p_0; a wrong table does not', () => {
  const factors = factorise(twoModes());
  const [flow] = flowMaps(factors, [3], { points: 201, stepSize: 0.03 });
  const map = mapOf(quantileMap(factors, 3, 801));
  for (let j = 20; j < 181; j += 20) near(flow.to[j], map(flow.from[j]), 2e-4);
  assert.ok(pushForwardError(factors, flow) < 1e-5);
  assert.ok(pushForwardError(factors, { ...flow, to: flow.to.map(y => 0.9 * y) }) > 0.05);
  assert.throws(() => flowMaps(factors, [1, 2]), /flowMaps: times must be decreasing/);
});

test('Assumption 3.5 of one Gaussian of deviation 1: L_F is 1 and t_mid is 4 and ln 4', () => {
  near(theory.lipschitzOf(gaussian(1), [20, 1, 0.1], 51), 1, 1e-9);
  assert.equal(theory.veMiddle(1), 4);
  near(theory.vpMiddle(1), 1.3862943611198906, 1e-15);
});

test('slopes of two modes: measured on the flow, under the bound, growing as the modes part', () => {
  const { rows, constants, verdict } = theory.assumption35({ deviations: [0.25, 0.4], times: [5, 0.7], points: 151 });
  assert.equal(rows.length, 4);
  assert.equal(verdict.holds, true);
  const few = theory.assumption35({ deviations: [0.25], times: [0.1, 0.05], points: 151 });
  assert.equal(few.verdict.holds, false, 'G is steeper at larger t than where L_F was taken');
  assert.ok((few.verdict.tightest as number) > 1);
  assert.ok(constants[0].lipschitz > 1.5 * constants[1].lipschitz);
  for (const row of rows) near(row.bound * (row.t + 1), 2 * constants[row.deviation === 0.25 ? 0 : 1].lipschitz, 1e-9);
});
