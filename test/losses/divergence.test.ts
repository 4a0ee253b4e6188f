import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { valueAndGradients } from '../../src/compute/tensors';
import { divergenceOf, generalPhiLoss, generalPsiLoss, phiLoss, psiLoss } from '../../src/losses';
import { cosim } from '../../src/methods';
import { assertAllClose, assertClose, gaussians, valuesOf } from '../close';
import { TESTED_BACKENDS } from '../golden';
import { tinyMlp } from '../tiny';

const [alpha, delta] = [1.2, 0.7];
/** The functions again, in float64. */
const H = {
  square: (y: number): number => y ** 2 / (4 * alpha),
  'pseudo-huber': (y: number): number => (delta ** 2 / (2 * alpha)) * (Math.hypot(1, y / delta) - 1),
};
/** h*(u) as it is defined, max_y u y - h(y), by looking everywhere. */
const supremum = (h: (y: number) => number, u: number): number => {
  let best = -Infinity;
  for (let y = -60; y <= 60; y += 1e-3) best = Math.max(best, u * y - h(y));
  return best;
};

for (const backend of TESTED_BACKENDS)
  describe(`Theorem B.1's divergences on ${backend}`, () => {
    for (const name of ['square', 'pseudo-huber'] as const) {
      test(`${name}: the conjugate is the largest u y - h(y)`, async () => {
        await selectBackend({ backend });
        const { h, conjugate, admissible } = divergenceOf(name, alpha, delta);
        const ys = [-2, -0.3, 0, 0.1, 5];
        assertAllClose(await valuesOf(h(tf.tensor1d(ys))), ys.map(H[name]), 1e-5);
        const u = admissible(tf.tensor1d([-3, -0.5, 0, 0.2, 1, 4]));
        const expected = (await valuesOf(u)).map(value => supremum(H[name], value));
        assertAllClose(await valuesOf(conjugate(u)), expected, 1e-4);
      });
    }

    test('pseudo-Huber: u never leaves the slopes of h, and its gradient is finite however far F is off', async () => {
      await selectBackend({ backend });
      const { conjugate, admissible } = divergenceOf('pseudo-huber', alpha, delta);
      const v = tf.tensor1d([-1e6, -10, -1e-3, 0, 1e-3, 10, 1e6]);
      const bound = delta / (2 * alpha);
      for (const u of await valuesOf(admissible(v))) assert.ok(Math.abs(u) <= bound * (1 + 1e-6));
      const { gradients } = valueAndGradients(({ x }) => ({ value: tf.sum(conjugate(admissible(x))), metrics: {} }), {
        x: v,
      });
      for (const g of await valuesOf(gradients.x)) assert.ok(Number.isFinite(g));
    });

    const shape = [3, 4, 2];
    const [f, g, d] = ['F', 'xHat', 'D'].map(name => gaussians(24, name));
    const matched = (F: tf.Tensor | Float32Array = f) => ({
      F: F instanceof tf.Tensor ? F : tf.tensor(F, shape),
      xHat: tf.tensor(g, shape),
      D: tf.tensor(d, shape),
      s: tf.tensor1d([0.05, 1.5, 60]),
    });

    test('with the square both stages are those of eq. (15), psi up to a constant', async () => {
      await selectBackend({ backend });
      const coef = 0.9;
      const lambda = coef / alpha - 1;
      const square = divergenceOf('square', alpha, delta);
      const [ours, paper] = [generalPhiLoss(matched(), square), phiLoss(matched(), { alpha })];
      assertAllClose(await valuesOf(ours), await valuesOf(paper), 1e-5);
      const gradient = async (loss: (m: ReturnType<typeof matched>) => tf.Tensor) =>
        valuesOf(
          valueAndGradients(({ F }) => ({ value: tf.sum(loss(matched(F))), metrics: {} }), { F: tf.tensor(f, shape) })
            .gradients.F,
        );
      assertAllClose(
        await gradient(m => generalPsiLoss(m, square, { lambda })),
        await gradient(m => psiLoss(m, { coef })),
        1e-4,
      );
    });

    test("psi's optimum is u = h'((D - xhat) / (1 + lambda))", async () => {
      await selectBackend({ backend });
      const lambda = 0.25;
      const huber = divergenceOf('pseudo-huber', alpha, delta);
      const slope = (y: number): number => y / (2 * alpha) / Math.hypot(1, y / delta);
      // admissible(D - F) = u solves to D - F = u / sqrt(1 - (u / bound)^2)
      const bound = delta / (2 * alpha);
      const best = Float32Array.from(d, (D, i) => {
        const u = slope((D - g[i]) / (1 + lambda));
        return D - u / Math.sqrt(1 - (u / bound) ** 2);
      });
      const { gradients } = valueAndGradients(
        ({ F }) => ({ value: tf.sum(generalPsiLoss(matched(F), huber, { lambda })), metrics: {} }),
        { F: tf.tensor(best, shape) },
      );
      const weights = [0.05, 1.5, 60].map(s => (s ** 2 + 0.25) / (s * 0.5) ** 2);
      (await valuesOf(gradients.F)).forEach((value, i) =>
        assertClose(value / weights[Math.floor(i / 8)], 0, 1e-5, `gradient ${i}`),
      );
    });
  });

test('CoSIM takes the divergence by name', () => {
  assert.equal(
    cosim(tinyMlp(), tinyMlp(), { divergence: 'pseudo-huber', delta: 0.5 }).config.divergence,
    'pseudo-huber',
  );
  assert.throws(
    () => cosim(tinyMlp(), tinyMlp(), { divergence: 'huber' as 'square' }),
    /divergence must be one of 'square', 'pseudo-huber'/,
  );
  assert.throws(() => cosim(tinyMlp(), tinyMlp(), { delta: 0 }), /delta must be a finite number above 0/);
});
