import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EDM_RANGE, karrasTimes, levelOf, SAMPLING_TIMES, sigmaAt } from '../../src/diffusion';
import { assertClose } from '../close';

test('sig(0) and sig(1) are the ends of the range, and sig rises in between', () => {
  assertClose(sigmaAt(0), 0.002, 1e-15);
  assertClose(sigmaAt(1), 80, 1e-11);
  const levels = Array.from({ length: 101 }, (_, i) => sigmaAt(i / 100));
  for (let i = 1; i < levels.length; i++) assert.ok(levels[i] > levels[i - 1]);
});

test('half way, sig is the seventh power of the mean of the seventh roots', () => {
  const roots = [Math.exp(Math.log(0.002) / 7), Math.exp(Math.log(80) / 7)];
  assertClose(sigmaAt(0.5), Math.exp(7 * Math.log((roots[0] + roots[1]) / 2)), 1e-12);
  assertClose(sigmaAt(0.5, { sigmaMin: 1, sigmaMax: 9, rho: 2 }), 4, 1e-12); // ((1 + 3) / 2)^2
});

test('levelOf is the inverse of sigmaAt, held within [0, 1]', () => {
  for (const range of [EDM_RANGE, { sigmaMin: 0.01, sigmaMax: 50, rho: 3 }]) {
    for (let i = 0; i <= 100; i++) assertClose(levelOf(sigmaAt(i / 100, range), range), i / 100, 1e-12);
    assert.equal(levelOf(range.sigmaMin / 10, range), 0);
    assert.equal(levelOf(range.sigmaMax * 10, range), 1);
  }
});

test("a grid's levels are sig at evenly spaced places, then 0", () => {
  for (const steps of [2, 5, 18]) {
    const times = karrasTimes(steps);
    assert.equal(times.length, steps + 1);
    assert.equal(times[steps], 0);
    for (let i = 0; i < steps; i++) assertClose(times[i], sigmaAt(1 - i / (steps - 1)), 1e-10);
  }
  assert.deepEqual(karrasTimes(1).length, 2);
  assertClose(karrasTimes(1)[0], 80, 1e-11);
});

test('grids that make no sense are refused', () => {
  assert.throws(() => karrasTimes(0), /steps must be an integer from 1, got 0/);
  assert.throws(() => karrasTimes(2.5), /steps must be an integer/);
  assert.throws(() => karrasTimes(4, { sigmaMin: 0 }), /sigmaMin must be a finite number above 0/);
  assert.throws(() => karrasTimes(4, { sigmaMin: 1, sigmaMax: 1 }), /sigmaMax must be a finite number above 1/);
  assert.throws(() => karrasTimes(4, { rho: 0 }), /rho must be a finite number above 0/);
});

test('the sampling times for 1, 2 and 4 steps are decreasing noise levels within the range', () => {
  for (const [steps, times] of Object.entries(SAMPLING_TIMES)) {
    assert.equal(times.length, Number(steps));
    times.forEach((t, i) => assert.ok(t > 0 && t <= 80 && (i === 0 || t < times[i - 1])));
  }
});
