import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { valueAndGradients } from '../../src/compute/tensors';
import { factorise, type Mixture, mixtureAt, mixtureDenoise, mixtureSample, mixtureTensors } from '../../src/diffusion';
import { assertAllClose, assertClose, gaussians } from '../close';
import { TESTED_BACKENDS } from '../golden';

/** Three Gaussians with full covariances A A^T + 0.02 I in d dimensions. */
const mixtureOf = (d: number): Mixture => {
  const z = gaussians(3 * d * (d + 1), `mixture ${d}`);
  const at = (k: number, i: number, j: number): number => 0.4 * z[3 * d + (k * d + i) * d + j];
  const axis = [...Array(d).keys()];
  const products = (k: number, i: number, j: number): number => axis.reduce((s, m) => s + at(k, i, m) * at(k, j, m), 0);
  return {
    weights: [0.5, 0.2, 0.3],
    means: [0, 1, 2].map(k => axis.map(i => 1.5 * z[k * d + i])),
    covariances: [0, 1, 2].map(k => axis.map(i => axis.map(j => products(k, i, j) + (i === j ? 0.02 : 0)))),
  };
};

describe('exact values in float64', () => {
  test('the density integrates to 1, with noise and without, in 1 and 2 dimensions', () => {
    const h = 0.04;
    const grid = Array.from({ length: 501 }, (_, i) => (i - 250) * h);
    for (const sigma of [0, 0.3]) {
      const [line, plane] = [factorise(mixtureOf(1)), factorise(mixtureOf(2))];
      const p = (factors: typeof line, x: number[]): number => Math.exp(mixtureAt(factors, x, sigma).logDensity);
      const length = grid.reduce((sum, x) => sum + p(line, [x]), 0) * h;
      assertClose(length, 1, 1e-6, `line, sigma ${sigma}`);
      let area = 0;
      for (const x of grid) for (const y of grid) area += p(plane, [x, y]) * h * h;
      assertClose(area, 1, 1e-6, `plane, sigma ${sigma}`);
    }
  });

  test('one round Gaussian: density, score and denoiser of the closed form', () => {
    const [m, v, sigma, x] = [0.7, 0.3, 0.9, -0.4];
    const factors = factorise({ weights: [1], means: [[m]], covariances: [[[v]]] });
    const { logDensity, score, denoised } = mixtureAt(factors, [x], sigma);
    const total = v + sigma ** 2;
    assertClose(logDensity, -0.5 * Math.log(2 * Math.PI * total) - (x - m) ** 2 / (2 * total), 1e-14);
    assertClose(score[0], (m - x) / total, 1e-14);
    assertClose(denoised[0], m + (v / total) * (x - m), 1e-14);
  });

  test('the score is the gradient of the log density', () => {
    for (const d of [1, 2, 5]) {
      const factors = factorise(mixtureOf(d));
      for (const sigma of [0, 0.1, 1, 20]) {
        const x = Array.from(gaussians(d, `point ${d}`));
        const { score } = mixtureAt(factors, x, sigma);
        for (let i = 0; i < d; i++) {
          const moved = (h: number): number[] => x.map((v, j) => (i === j ? v + h : v));
          const [above, below] = [1e-5, -1e-5].map(h => mixtureAt(factors, moved(h), sigma).logDensity);
          assertClose(score[i], (above - below) / 2e-5, 1e-6 * Math.max(1, Math.abs(score[i])), `d ${d}, ${sigma}`);
        }
      }
    }
  });

  test('the denoiser is the posterior mean, by quadrature over x_0', () => {
    const mixture = mixtureOf(1);
    const prior = (y: number): number =>
      mixture.weights.reduce((sum, w, k) => {
        const v = mixture.covariances[k][0][0];
        return sum + (w * Math.exp(-((y - mixture.means[k][0]) ** 2) / (2 * v))) / Math.sqrt(v);
      }, 0);
    const factors = factorise(mixture);
    for (const sigma of [0.2, 1, 5])
      for (const x of [-2, 0.3, 4]) {
        let [mass, moment] = [0, 0];
        for (let y = -12; y < 12; y += 0.002) {
          const weight = prior(y) * Math.exp(-((x - y) ** 2) / (2 * sigma ** 2));
          mass += weight;
          moment += weight * y;
        }
        assertClose(mixtureAt(factors, [x], sigma).denoised[0], moment / mass, 1e-8, `sigma ${sigma}, x ${x}`);
      }
  });

  test('20,000 samples have the mean and covariance of the mixture, and sample k is a function of its index', () => {
    const [mixture, n, d] = [mixtureOf(2), 20_000, 2];
    const factors = factorise(mixture);
    const address = { seed: 3, stream: 'sample' };
    const points = Array.from({ length: n }, (_, k) => mixtureSample(factors, address, k));
    const over = (f: (k: number) => number): number => mixture.weights.reduce((sum, w, k) => sum + w * f(k), 0);
    for (let i = 0; i < d; i++) {
      const mean = over(k => mixture.means[k][i]);
      const average = points.reduce((sum, p) => sum + p[i], 0) / n;
      assertClose(average, mean, 0.05, `mean ${i}`);
      for (let j = 0; j < d; j++) {
        const second = over(k => mixture.covariances[k][i][j] + mixture.means[k][i] * mixture.means[k][j]);
        const measured = points.reduce((sum, p) => sum + p[i] * p[j], 0) / n;
        assertClose(measured, second, 0.02 * over(k => Math.hypot(...mixture.means[k]) ** 2 + 1), `moment ${i}${j}`);
      }
    }
    assert.deepEqual(mixtureSample(factors, address, 17), points[17]);
    assert.notDeepEqual(mixtureSample(factors, { ...address, seed: 4 }, 17), points[17]);
  });
});

test('mixtures that are none are refused, each by what is wrong', () => {
  const good = mixtureOf(2);
  const bad = (change: Partial<Mixture>) => () => factorise({ ...good, ...change });
  const [a, b, c] = good.covariances;
  assert.throws(bad({ weights: [0.5, 0.2, 0.2] }), /weights must be numbers that sum to 1, got 0.8/);
  assert.throws(bad({ weights: [0.7, -0.2, 0.5] }), /weight must be a finite number above 0, got -0.2/);
  assert.throws(bad({ weights: [1] }), /means must be \[1\]\[2\]/);
  assert.throws(bad({ means: [[0, 0], [1], [2, 2]] }), /means must be/);
  assert.throws(
    bad({
      means: [
        [0, 0],
        [1, NaN],
        [2, 2],
      ],
    }),
    /mean must be a finite number, got NaN/,
  );
  assert.throws(bad({ covariances: [a, b] }), /covariances must be/);
  assert.throws(bad({ covariances: [a, b, [[1]]] }), /covariances must be/);
  const asymmetric = [
    [1, 0.5],
    [0, 1],
  ];
  assert.throws(bad({ covariances: [a, asymmetric, c] }), /covariance of component 1 must be symmetric/);
  const indefinite = [
    [1, 2],
    [2, 1],
  ];
  assert.throws(bad({ covariances: [a, indefinite, c] }), /of component 1 must be a finite number above 0/);
  assert.throws(() => factorise({ weights: [], means: [], covariances: [] }), /ArgumentError|must be/);
});

for (const backend of TESTED_BACKENDS)
  describe(`the denoiser on tensors, ${backend}`, () => {
    for (const d of [1, 2, 5])
      test(`equals the float64 one in ${d} dimensions from sigma 0.002 to 80, and so does its gradient in x`, async () => {
        await selectBackend({ backend });
        const factors = factorise(mixtureOf(d));
        const tensors = mixtureTensors(factors);
        const sigmas = [0.002, 0.05, 0.3, 1, 7, 80];
        const B = sigmas.length;
        const points = sigmas.map((sigma, b) =>
          Array.from(gaussians(d, `x ${b}`), (z, i) => factors.means[(b % 3) * d + i] + (0.3 + sigma) * z),
        );
        const v = gaussians(B * d, 'direction');
        const { value, gradients, metrics } = valueAndGradients(
          ({ x }) => {
            const D = mixtureDenoise(tensors, x, tf.tensor1d(sigmas));
            return { value: tf.sum(tf.mul(D, tf.tensor(v, [B, d]))), metrics: { D } };
          },
          { x: tf.tensor(points.flat(), [B, d]) },
        );
        const exact = (b: number, x: number[]): Float64Array => mixtureAt(factors, x, sigmas[b]).denoised;
        const expected = points.flatMap((x, b) => [...exact(b, x)]);
        assertAllClose(await metrics.D.data(), expected, 2e-5, 'D');
        const slope = points.flatMap((x, b) =>
          x.map((_, i) => {
            const h = 1e-5;
            const along = (step: number): number =>
              exact(
                b,
                x.map((y, j) => (i === j ? y + step : y)),
              ).reduce((sum, D, j) => sum + D * v[b * d + j], 0);
            return (along(h) - along(-h)) / (2 * h);
          }),
        );
        assertAllClose(await gradients.x.data(), slope, 5e-4, 'gradient');
        tf.dispose([value, gradients, metrics, tensors]);
      });
  });
