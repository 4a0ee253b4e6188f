import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { valueAndGradients } from '../../src/compute/tensors';
import { edmWeight, phiLoss, psiLoss, regularisation } from '../../src/losses';
import { cosim } from '../../src/methods';
import { auxiliaryOf, auxiliaryParameters, freshParameters, mixtureDenoiser } from '../../src/networks';
import { assertAllClose, assertClose, gaussians, valuesOf } from '../close';
import { TESTED_BACKENDS } from '../golden';
import { tinyMlp, twoModes } from '../tiny';

test("Table 6's strengths with alpha 1.2: lambda -0.583, -0.375, -0.167 and beta 1, 2/3, 1/2", () => {
  for (const [coef, lambda, beta] of [
    [0.5, -0.583, 1],
    [0.75, -0.375, 2 / 3],
    [1, -0.167, 1 / 2],
  ]) {
    const derived = regularisation(1.2, coef);
    assertClose(derived.lambda, lambda, 5e-4);
    assertClose(derived.beta, beta, 1e-12);
    assertClose(derived.beta, 1 / (2 * 1.2 * (1 + derived.lambda)), 1e-12);
    const method = cosim(tinyMlp(), tinyMlp(), { coef });
    assert.deepEqual(method.report, derived);
  }
});

for (const backend of TESTED_BACKENDS)
  describe(`the two stages on ${backend}`, () => {
    const shape = [3, 4, 2];
    const [f, g, d] = ['F', 'xHat', 'D'].map(name => gaussians(24, name));
    const levels = [0.05, 1.5, 60];
    const tensors = () => ({ F: tf.tensor(f, shape), xHat: tf.tensor(g, shape), D: tf.tensor(d, shape) });

    test('the psi loss, as a function of F, is least at beta xhat + (1 - beta) D', async () => {
      await selectBackend({ backend });
      const { xHat, D } = tensors();
      const s = tf.tensor1d(levels);
      for (const coef of [0.5, 0.75, 1, 1.5]) {
        const at = (F: number) => psiLoss({ F: tf.fill(shape, F), xHat, D, s }, { coef }).data();
        const [below, middle, above] = await Promise.all([at(-1), at(0), at(1)]);
        const vertex = middle.map(
          (m, i) => (0.5 * (below[i] - above[i])) / (below[i] + above[i] - 2 * m),
        ) as Float32Array;
        const { beta } = regularisation(1.2, coef);
        assertAllClose(
          vertex,
          g.map((x, i) => beta * x + (1 - beta) * d[i]),
          1e-4,
          `coef ${coef}`,
        );
      }
    });

    test("the psi loss is EDM's weight times (F - xhat)^2 + (2 coef - 1) (F - D)^2, no gradient through xhat and D", async () => {
      await selectBackend({ backend });
      const [coef, sd] = [0.8, 0.6];
      const s = tf.tensor1d(levels);
      const expected = Array.from(f, (F, i) => {
        const sigma = levels[Math.floor(i / 8)];
        const weight = (sigma ** 2 + sd ** 2) / (sigma * sd) ** 2;
        return weight * ((F - g[i]) ** 2 + (2 * coef - 1) * (F - d[i]) ** 2);
      });
      const ours = await psiLoss({ ...tensors(), s }, { coef, sigmaData: sd }).data();
      ours.forEach((v, i) => assertClose(v, expected[i], 2e-6 * Math.max(1, expected[i])));
      const weights = await edmWeight(s).data();
      levels.forEach((v, i) => assertClose(weights[i] / ((v ** 2 + 0.25) / (0.5 * v) ** 2), 1, 1e-6));
    });

    test("the phi loss and its gradients are SiD's formula, c being a constant", async () => {
      await selectBackend({ backend });
      for (const alpha of [0.5, 1, 1.2]) {
        const c = [0, 1, 2].map(
          b => Array.from({ length: 8 }, (_, i) => Math.abs(g[b * 8 + i] - d[b * 8 + i])).reduce((x, y) => x + y) / 8,
        );
        const per = (value: (F: number, x: number, D: number) => number): number[] =>
          Array.from(f, (F, i) => value(F, g[i], d[i]) / c[Math.floor(i / 8)]);
        const { gradients, metrics } = valueAndGradients(t => {
          const loss = phiLoss(t as ReturnType<typeof tensors>, { alpha });
          return { value: tf.sum(loss), metrics: { loss } };
        }, tensors());
        const close = async (t: tf.Tensor, expected: number[], what: string) =>
          assertAllClose(await t.data(), expected, 1e-5, what);
        // SiD's code: (D - F) (D - x) - alpha (D - F)^2
        await close(
          metrics.loss,
          per((F, x, D) => (D - F) * (D - x) - alpha * (D - F) ** 2),
          'loss',
        );
        await close(
          gradients.xHat,
          per((F, _, D) => -(D - F)),
          'xHat',
        );
        await close(
          gradients.F,
          per((F, x, D) => -(D - x) + 2 * alpha * (D - F)),
          'F',
        );
        await close(
          gradients.D,
          per((F, x, D) => D - x + (D - F) - 2 * alpha * (D - F)),
          'D',
        );
      }
    });

    test('where the teacher agrees with the generator c is 1e-5, and the loss is finite', async () => {
      await selectBackend({ backend });
      const x = tf.ones([2, 3]);
      const F = tf.fill([2, 3], 1.001);
      const loss = await valuesOf(phiLoss({ F, xHat: x, D: x }, { alpha: 1 }));
      loss.forEach(v => assertClose(v, -1e-6 / 1e-5, 1e-4));
      assert.deepEqual(await valuesOf(phiLoss({ F: x, xHat: x, D: x }, { alpha: 1 })), Array(6).fill(0));
    });

    test('a step sums over pixels and samples: eq. (18) and (15) put together by hand', async () => {
      await selectBackend({ backend });
      const { denoiser: teacher, parameters: theta } = mixtureDenoiser(twoModes);
      const generator = tinyMlp();
      const phi = freshParameters(generator, 1);
      const psi = auxiliaryParameters(generator, freshParameters(generator, 2), 'copy');
      const B = 5;
      const [x0, noiseT, noiseS] = ['x0', 'nt', 'ns'].map(name => tf.tensor(gaussians(2 * B, name), [B, 2]));
      const [s, t] = [tf.tensor1d([0.01, 0.1, 1, 5, 20]), tf.tensor1d([0.2, 80, 3, 5, 80])];
      const times = (level: tf.Tensor, noise: tf.Tensor) => tf.mul(tf.reshape(level, [B, 1]), noise);
      const xT = tf.add(x0, times(t, noiseT));
      const xHat = generator.denoise(phi, xT, t);
      const xS = tf.add(xHat, times(s, noiseS));
      const D = teacher.denoise(theta, xS, s);
      const F = auxiliaryOf(generator).denoise(psi, xS, s, { t });
      const { updates } = cosim(teacher, generator, { alpha: 1.1, coef: 0.7 });
      const batch = { x0, noiseT, noiseS, s, t };
      const [psiResult, phiResult] = updates.map(update => update.loss({ theta, phi, psi }, batch));
      const sum = async (loss: tf.Tensor) => (await valuesOf(loss)).reduce((a, b) => a + b, 0);
      const [psiExpected, phiExpected] = [
        await sum(psiLoss({ F, xHat, D, s }, { coef: 0.7 })),
        await sum(phiLoss({ F, xHat, D }, { alpha: 1.1 })),
      ];
      assertClose((await valuesOf(psiResult.value))[0] / psiExpected, 1, 1e-5);
      assertClose((await valuesOf(phiResult.value))[0], phiExpected, 1e-4 * Math.abs(phiExpected));
      assert.deepEqual(
        updates.map(update => update.trains),
        ['psi', 'phi'],
      );
      const gap = await sum(tf.squaredDifference(D, F));
      assertClose((await valuesOf(phiResult.metrics.scoreGap))[0] / gap, 1, 1e-5);
    });
  });

describe('theory on exact Gaussians: data N(0, 1), generator N(m, v), noise s', () => {
  const [m, v, s] = [0.8, 0.4, 0.7];
  // quadrature over xhat = m + sqrt(v) z, x_s = xhat + s e
  const h = 0.1;
  const z = Array.from({ length: 121 }, (_, i) => (i - 60) * h);
  const grid = z.flatMap(a =>
    z.map(b => ({
      xHat: m + Math.sqrt(v) * a,
      xS: m + Math.sqrt(v) * a + s * b,
      mass: (Math.exp(-(a * a + b * b) / 2) * h * h) / (2 * Math.PI),
    })),
  );
  const teacher = (x: number): number => x / (1 + s * s);
  const own = (x: number): number => m + (v / (v + s * s)) * (x - m); // E[xhat | x_s]
  const column = (value: (p: (typeof grid)[number]) => number): tf.Tensor =>
    tf.tensor(grid.map(value), [grid.length, 1]);
  // S - Q is linear in x_s ~ N(m, v + s^2)
  const total = v + s * s;
  const fisher = (m / (1 + s * s)) ** 2 + (1 / total - 1 / (1 + s * s)) ** 2 * total;

  test('first stage at the optimum of psi: (beta - alpha beta^2) E (S - Q)^2, -0.2 / 0.133 / 0.2 times the Fisher divergence', async () => {
    await selectBackend({ backend: 'cpu' });
    for (const [coef, factor] of [
      [0.5, -0.2],
      [0.75, 2 / 15],
      [1, 0.2],
    ]) {
      const { beta } = regularisation(1.2, coef);
      const [xHat, D] = [column(p => p.xHat), column(p => teacher(p.xS))];
      const F = column(p => beta * own(p.xS) + (1 - beta) * teacher(p.xS));
      const loss = await phiLoss({ F, xHat, D }, { alpha: 1.2 }).data();
      const stage = grid.reduce(
        (sum, { xHat: x, xS, mass }, i) => sum + mass * loss[i] * Math.max(Math.abs(x - teacher(xS)), 1e-5),
        0,
      );
      assertClose(stage / s ** 4 / fisher, factor, 2e-4, `coef ${coef}`); // denoisers are scores times s^2
    }
  });

  test('second stage: beta Q + (1 - beta) S is where the mean psi loss is least, (16), (17)', async () => {
    await selectBackend({ backend: 'cpu' });
    const [xHat, D, level] = [column(p => p.xHat), column(p => teacher(p.xS)), tf.fill([grid.length], s)];
    for (const coef of [0.5, 0.75, 1]) {
      const { beta } = regularisation(1.2, coef);
      const mean = async (slope: number, shift: number): Promise<number> => {
        const F = column(p => beta * own(p.xS) + (1 - beta) * teacher(p.xS) + slope * p.xS + shift);
        const loss = await psiLoss({ F, xHat, D, s: level }, { coef }).data();
        return grid.reduce((sum, { mass }, i) => sum + mass * loss[i], 0);
      };
      // a quadratic with no linear term: the same on both sides, and more than in the middle
      const least = await mean(0, 0);
      for (const [slope, shift] of [
        [0.1, 0],
        [0, 0.1],
        [0.1, -0.1],
      ]) {
        const [one, other] = [await mean(slope, shift), await mean(-slope, -shift)];
        assertClose(one, other, 1e-4 * least, `coef ${coef}`);
        assert.ok(one > least * (1 + 1e-3));
      }
    }
  });
});
