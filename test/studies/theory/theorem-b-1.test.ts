import assert from 'node:assert/strict';
import { test } from 'node:test';
import { theory } from '../../../src/studies';
import { gaussian } from './gaussian';

const { conjugateRows, power, pseudoHuber, scoreGap, searchMaximum, square, theoremB1, threeModes, variationalRows } =
  theory;
const near = (got: number, wanted: number, tolerance: number): void =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got}, wanted ${wanted} to ${tolerance}`);

test('the search finds maxima within and at the end of its range', () => {
  near(searchMaximum(r => -((r - 37) ** 2)).at, 37, 1e-6);
  near(searchMaximum(r => -r).value, 0, 1e-12);
  near(searchMaximum(r => r, 2.5).at, 2.5, 1e-9);
});

test('conjugates: known values, and sup_r (rho r - h(r)) by search', () => {
  near(square(1.2).conjugate(2), 4.8, 1e-12);
  near(pseudoHuber(2, 0.5).conjugate(0.6), 2 * 0.25 * (1 - 0.8), 1e-12);
  near(power(4).conjugate(8), 0.75 * 16, 1e-12);
  const rows = conjugateRows([square(0.7), pseudoHuber(2, 0.5), power(3)], [0, 0.3, 0.9, 1.5]);
  assert.equal(rows.length, 4 + 3 + 4); // |u| stays below kappa delta = 1
  for (const { name, searched, formula } of rows) assert.ok(Math.abs(searched - formula) < 1e-12, name);
  assert.throws(() => power(1), /power: p must be .* above 1/);
});

test('one Gaussian: the square of the divergence is E(S - Q)^2 / (4 alpha) in closed form, and so is its maximum', () => {
  // data deviation 1, s = 0.5, t = 2: q = N(0, 1/5 + 1/4), p = N(0, 5/4)
  const gap = scoreGap(gaussian(1), { s: 0.5, t: 2, nodes: 161 });
  const fisher = (1 / 0.45 - 1 / 1.25) ** 2 * 0.45;
  const [zero, best, twice] = variationalRows(gap, square(1.2), [0, 1, 2]);
  near(best.direct, fisher / 4.8, 2e-4);
  near(best.value, best.direct, 1e-9);
  near(zero.value, 0, 1e-15);
  near(twice.value, 0, 1e-6); // 2 c - c^2 at c = 2
});

test('in the plane the maximum is the divergence for all three, other scales stay below; a wrong conjugate is found', () => {
  const gaps = [scoreGap(threeModes(), { s: 0.5, t: 1, nodes: 15 })];
  const given = { functions: [square(), pseudoHuber(), power()], rhos: [0.2, 0.8], gaps, scales: [0.5, 1, 1.5] };
  const { rows, verdict } = theoremB1(given);
  assert.equal(verdict.holds, true);
  assert.ok(rows.every(row => row.scale === 1 || row.value < row.direct));
  const wrong = { ...square(), conjugate: (rho: number) => 1.1 * rho ** 2 };
  assert.equal(theoremB1({ ...given, functions: [wrong] }).verdict.holds, false);
});
