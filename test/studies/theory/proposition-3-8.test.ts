import assert from 'node:assert/strict';
import { test } from 'node:test';
import { theory } from '../../../src/studies';
import { gaussian } from './gaussian';

const near = (got: number, wanted: number, tolerance: number): void =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got}, wanted ${wanted} to ${tolerance}`);

// p_0 = N(0, 1): L_F = 1, G*(x, t) = x / sqrt(1 + t^2), t_mid = 4 for VE
const result = theory.proposition38(gaussian(1), {
  K: 4,
  sizes: { small: 0.1, large: 0.5 },
  rateTimes: [1, 4],
  deltas: [0.05, 0.2],
  points: 201,
});

test('one Gaussian: L_F, the rates and what stopping costs in closed form', () => {
  near(result.lipschitz, 1, 1e-9);
  for (const { process, t, start, ratio, bound } of result.rates) {
    const level = process === 'VE' ? t : Math.sqrt(Math.exp(2 * t) - 1);
    const shrunk = start.includes('shifted')
      ? 1 / Math.hypot(1, level)
      : (Math.hypot(1.5, level) / Math.hypot(1, level) - 1) / 0.5;
    near(ratio, shrunk, 2e-3);
    near(bound, process === 'VE' ? 2 / (t + 1) : Math.exp(-t), 1e-9);
  }
  for (const { delta, w2, bound } of result.stops) {
    near(w2, Math.hypot(1, delta) - 1, 1e-5);
    near(bound, delta ** 2 / 2, 1e-6); // E||grad log p_0||^2 = 1
  }
});

test('one Gaussian: the law after K steps in closed form, for a shifted and a stretched G, under both bounds', () => {
  const e = (level: number): number => 0.1 + (0.4 * Math.log(1 + level)) / Math.log(81);
  for (const [process, level] of [
    ['VE', 4],
    ['VP', Math.sqrt(15)], // e^t_mid = 4
  ] as const) {
    let [mean, deviation] = [e(80), 80 / Math.hypot(1, 80)];
    let wide = deviation * (1 + e(80));
    const shifted = result.rows.filter(row => row.process === process && row.error === 'shift');
    const stretched = result.rows.filter(row => row.process === process && row.error === 'stretch');
    for (let k = 0; k < 4; k++) {
      if (k > 0) {
        mean = mean / Math.hypot(1, level) + e(level);
        deviation = Math.hypot(deviation, level) / Math.hypot(1, level);
        wide = ((1 + e(level)) * Math.hypot(wide, level)) / Math.hypot(1, level);
      }
      near(shifted[k].w2, Math.hypot(mean, deviation - 1), 2e-3);
      near(stretched[k].w2, wide - 1, 2e-3);
      near(shifted[k].literal, 0.75 ** k * e(80) + e(level), 1e-6);
    }
    near(shifted[1].rate, process === 'VE' ? 2 / 5 : 1 / 4, 1e-9);
  }
  assert.equal(result.verdict.holds, true);
});

test('laws or rates above their bounds make the verdict fail', () => {
  const { rows, lipschitz, rates, stops } = result;
  const raised = rows.map(row => ({ ...row, w2: 3 * row.w2 }));
  assert.equal(theory.verdict38(rows, lipschitz, rates, stops).holds, true);
  assert.equal(theory.verdict38(raised, lipschitz, rates, stops).holds, false);
  assert.equal(theory.verdict38(rows, lipschitz, rates.map(row => ({ ...row, ratio: 3 })), stops).holds, false); // prettier-ignore
  assert.throws(() => theory.proposition38(gaussian(1), { K: 0, rateTimes: [], deltas: [] }), /proposition38: K/);
});
