import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  averageCorrelation,
  gammaOfStd,
  learningRateAt,
  mixAverages,
  postHocWeights,
  powerEmaBeta,
  powerProfile,
  stdOfGamma,
} from '../../src/training';
import { assertAllClose, assertClose } from '../close';

describe('power-function averages', () => {
  test('the exponent and the width are inverse to each other, down to the flat profile', () => {
    for (const gamma of [0, 0.01, 1, 6.94, 16.97, 500])
      assertClose(gammaOfStd(stdOfGamma(gamma)), gamma, 1e-9 * (1 + gamma));
    for (const std of [0.001, 0.05, 0.1, 0.28]) assertClose(stdOfGamma(gammaOfStd(std)), std, 1e-12);
  });

  test('updates with beta give each step the integral of (gamma + 1) t^gamma over its part of the training', () => {
    const [std, batch, steps] = [0.1, 8, 400];
    let weights: number[] = [];
    for (let k = 1; k <= steps; k++) {
      const beta = powerEmaBeta(std, k * batch, batch);
      weights = [...weights.map(w => w * beta), 1 - beta];
    }
    const share = (k: number): number => (k / steps) ** (gammaOfStd(std) + 1);
    assertClose(
      weights.reduce((a, b) => a + b, 0),
      1,
      1e-12,
    );
    for (let k = 50; k < steps; k += 50) assertClose(weights[k] / (share(k + 1) - share(k)), 1, 1e-9, `step ${k}`);
  });

  test('post-hoc weights give back a stored average, and mix profiles into one that was not stored', () => {
    const stored = [0.05, 0.1].flatMap(std => [250, 500, 750, 1000].map(images => ({ images, std })));
    assertAllClose(postHocWeights(stored, { images: 750, std: 0.1 }), [0, 0, 0, 0, 0, 0, 1, 0], 1e-9);
    const weights = postHocWeights(stored, { images: 1000, std: 0.07 });
    const profiles = stored.map(({ images, std }) => Float32Array.from(powerProfile(images, std, 1001)));
    const mixed = mixAverages(profiles, weights);
    const wanted = powerProfile(1000, 0.07, 1001);
    const peak = Math.max(...wanted);
    for (let t = 0; t <= 1000; t += 100) assertClose(mixed[t] / peak, wanted[t] / peak, 0.04, `image ${t}`);
  });

  test('the correlation is the inner product of two profiles', () => {
    const [a, b] = [
      { images: 2000, std: 0.1 },
      { images: 1400, std: 0.06 },
    ];
    const [p, q] = [a, b].map(({ images, std }) => powerProfile(images, std, 2001));
    const sum = p.reduce((total, weight, t) => total + weight * q[t], 0);
    assertClose(averageCorrelation(a, b) / sum, 1, 5e-3);
  });

  test("EDM2's learning rate rises, stays and falls as 1 / sqrt", () => {
    const options = { reference: 0.01, referenceBatches: 100, rampup: 1000 };
    const rates = [0, 500, 1000, 6400, 4 * 6400].map(seen => learningRateAt(seen, 64, options));
    assertAllClose(rates, [0, 0.005, 0.01, 0.01, 0.005], 1e-15);
  });

  test('what does not fit is refused by name', () => {
    assert.throws(() => gammaOfStd(0.3), /std must be a finite number above 0 and at most 0.288/);
    assert.throws(() => stdOfGamma(-1), /gamma must be/);
    assert.throws(() => powerEmaBeta(0.1, 4, 8), /imagesSeen must be a finite number of at least 8, got 4/);
    assert.throws(() => postHocWeights([], { images: 1, std: 0.1 }), /stored must be at least one average/);
    const twice = [1, 1].map(images => ({ images, std: 0.1 }));
    assert.throws(() => postHocWeights(twice, { images: 1, std: 0.1 }), /stored\[1\] must be other than stored\[0\]/);
    assert.throws(() => mixAverages([new Float32Array(2)], [1, 2]), /weights must be as many as the 1 arrays/);
    assert.throws(() => learningRateAt(-1, 1, { reference: 1, referenceBatches: 0, rampup: 0 }), /imagesSeen must be/);
  });
});
