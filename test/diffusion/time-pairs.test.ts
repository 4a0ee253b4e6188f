import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { uniform } from '../../src/compute/noise';
import { levelOf, sigmaAt, TIME_PAIR_UNIFORMS, timePairs } from '../../src/diffusion';
import { assertClose, mean } from '../close';

const n = 100_000;
const uniforms = uniform({ seed: 0, stream: 'pairs' }, n * TIME_PAIR_UNIFORMS);
const share = (values: Float32Array, holds: (v: number, i: number) => boolean): number =>
  values.reduce((count, v, i) => count + Number(holds(v, i)), 0) / values.length;

describe('pi(s, t)', () => {
  test('0.002 <= s <= t <= 80 for every pair, both sets, several R', () => {
    for (const R of [1, 2, 4, 8])
      for (const jumps of ['harmonic', 'dyadic'] as const) {
        const { s, t } = timePairs(uniforms.subarray(0, 40_000), { R, jumps });
        s.forEach((v, i) => assert.ok(v >= Math.fround(0.002) && v <= t[i] && t[i] <= 80, `${v}, ${t[i]}`));
      }
  });

  // P(t = T) = 1/2 + 1/2 E_J P(r_s + U J >= 1) = 1/2 + mean(J) / 4
  for (const [R, jumps, expected] of [
    [4, 'harmonic', 0.63],
    [8, 'harmonic', 0.585],
    [16, 'harmonic', 0.553],
    [4, 'dyadic', 0.5 + (1 + 1 / 2 + 1 / 4) / 12],
    [8, 'dyadic', 0.5 + (1 + 1 / 2 + 1 / 4 + 1 / 8) / 16],
    [1, 'harmonic', 0.75],
  ] as const)
    test(`t = T with probability ${expected.toFixed(3)} for R = ${R}, ${jumps}`, () => {
      const { t } = timePairs(uniforms, { R, jumps });
      assertClose(
        share(t, v => v === 80),
        expected,
        0.006,
      );
    });

  test('the place of s is uniform, up to maxRs', () => {
    for (const maxRs of [1, 0.8]) {
      const places = timePairs(uniforms, { maxRs }).s.map(s => levelOf(s));
      assertClose(mean(places), maxRs / 2, 0.004 * maxRs);
      assertClose(mean(places.map(r => r * r)), maxRs ** 2 / 3, 0.004 * maxRs);
      assert.ok(places.every(r => r < maxRs + 1e-6));
    }
  });

  test('the largest jump set is used whole: the jumps of R = 2 that stay inside are mixtures of U and U/2', () => {
    // gamma given B = 1 has density 1/2 on [0, 1] plus 1 on [0, 1/2]: P(gamma < 1/2) = 3/4, asked where no cut can happen
    const { s, t } = timePairs(uniforms, { R: 2, maxRs: 1e-6 });
    const jumps = t.map((v, i) => levelOf(v) - levelOf(s[i]));
    const inside = jumps.filter(g => g < 0.9999);
    assertClose(
      share(inside, g => g < 0.5),
      3 / 4,
      0.008,
    );
  });

  test('a pair is exactly the formula of A.1 with its four uniform numbers', () => {
    const pair = (u: number[], R = 4, jumps: 'harmonic' | 'dyadic' = 'harmonic') => {
      const { s, t } = timePairs(Float32Array.from(u), { R, jumps });
      return [levelOf(s[0]), levelOf(t[0])];
    };
    const jump = (j: number, R = 4, jumps: 'harmonic' | 'dyadic' = 'harmonic'): number =>
      (([s, t]) => (t - s) / 0.5)(pair([0.25, 0.25, 0.5, j], R, jumps));
    assertClose(pair([0.25, 0.75, 0.5, 0])[1], 1, 1e-6); // B = 0: gamma = 1
    [1, 1 / 2, 1 / 3, 1 / 4].forEach((J, i) => assertClose(jump((i + 0.5) / 4), J, 1e-5));
    [1, 1 / 2, 1 / 4].forEach((J, i) => assertClose(jump((i + 0.5) / 3, 4, 'dyadic'), J, 1e-5));
    assertClose(pair([0.75, 0.25, 0.5, 0])[1], 1, 1e-6); // 0.75 + 0.5 is cut at 1
  });

  test('levels of s given from elsewhere are kept, within the range', () => {
    const given = Float32Array.from([1e-4, 0.002, 0.3, 5, 80, 1000]);
    const { s, t } = timePairs(uniforms.subarray(0, 4 * given.length), {}, given);
    [0.002, 0.002, 0.3, 5, 80, 80].forEach((expected, i) => assertClose(s[i], expected, 1e-5 * expected));
    s.forEach((v, i) => assert.ok(v <= t[i]));
  });

  test('another range moves both ends', () => {
    const range = { sigmaMin: 0.1, sigmaMax: 10, rho: 3 };
    const { s, t } = timePairs(uniforms.subarray(0, 4000), { range });
    assert.ok(s.every((v, i) => v >= Math.fround(0.1) && t[i] <= 10));
    assertClose(s[0], sigmaAt(uniforms[0], range), 1e-6);
  });

  test('bad options are refused', () => {
    const draws = uniforms.subarray(0, 8);
    assert.throws(() => timePairs(draws, { R: 0 }), /timePairs: R must be an integer from 1, got 0/);
    assert.throws(
      () => timePairs(draws, { jumps: 'octaves' as 'dyadic' }),
      /jumps must be one of 'harmonic', 'dyadic'/,
    );
    assert.throws(() => timePairs(draws, { maxRS: 1 } as object), /unknown option 'maxRS'. Did you mean 'maxRs'\?/);
    assert.throws(() => timePairs(uniforms.subarray(0, 7)), /uniforms/);
    assert.throws(() => timePairs(draws, {}, Float32Array.of(1)), /given/);
  });
});
