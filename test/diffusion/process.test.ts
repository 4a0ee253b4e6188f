import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { denoisedFromScore, diffuse, EDM, scoreFromDenoised, VP } from '../../src/diffusion';
import { assertAllClose, assertClose, gaussians } from '../close';
import { TESTED_BACKENDS } from '../golden';

test('VP preserves variance, and sigma/a is the formula of the paper', () => {
  for (let i = 1; i <= 1000; i++) {
    const t = i / 1000;
    const [a, sigma] = [VP.a(t), VP.sigma(t)];
    assertClose(a * a + sigma * sigma, 1, 1e-14);
    assertClose((sigma / a) ** 2 / (Math.exp((19.9 * t * t) / 2 + 0.1 * t) - 1), 1, 1e-9);
    assert.ok(a < VP.a(t - 0.001) && sigma > VP.sigma(t - 0.001));
  }
  assert.equal(VP.a(0), 1);
  assert.equal(VP.sigma(0), 0);
  assertClose(VP.sigma(1e-12) ** 2 / 1e-13, 1, 1e-6, 'small times: sigma^2 = beta_min t'); // where exp(x) - 1 would cancel
});

test('EDM adds noise of deviation t to the unscaled data', () => {
  assert.deepEqual([EDM.a(3), EDM.sigma(3)], [1, 3]);
});

for (const backend of TESTED_BACKENDS)
  describe(`the forward process on tensors, ${backend}`, () => {
    const [B, H, W, C] = [3, 2, 4, 2];
    const size = H * W * C;
    const shape = [B, H, W, C];
    const [x0, eps] = [gaussians(B * size, 'x0'), gaussians(B * size, 'eps')];
    const [a, sigma] = [
      [0.5, 0.8, 1],
      [0.1, 2, 7],
    ];
    const times = (s: number[], x: ArrayLike<number>): number[] => Array.from(x, (v, i) => s[Math.floor(i / size)] * v);

    test('diffuse is a x_0 + sigma eps, each sample with its own a and sigma', async () => {
      await selectBackend({ backend });
      const inputs = [tf.tensor(x0, shape), tf.tensor(eps, shape), tf.tensor1d(sigma)] as const;
      const noise = times(sigma, eps);
      assertAllClose(
        await diffuse(...inputs).data(),
        noise.map((v, i) => x0[i] + v),
        1e-6,
      );
      assertAllClose(
        await diffuse(...inputs, tf.tensor1d(a)).data(),
        times(a, x0).map((v, i) => v + noise[i]),
        1e-6,
      );
    });

    test('for Gaussian data the score of the denoiser is -x / (a^2 v + sigma^2), and back', async () => {
      await selectBackend({ backend });
      const v = 0.25;
      for (const scale of [undefined, a]) {
        const signal = scale ?? [1, 1, 1];
        const total = sigma.map((s, i) => signal[i] ** 2 * v + s * s);
        const [x, s] = [tf.tensor(x0, shape), tf.tensor1d(sigma)];
        const A = scale && tf.tensor1d(scale);
        const weights = total.map((t, i) => (signal[i] * v) / t);
        const D = tf.tensor(times(weights, x0), shape);
        const score = scoreFromDenoised(D, x, s, A);
        assertAllClose(
          await score.data(),
          times(
            total.map(t => -1 / t),
            x0,
          ),
          1e-4,
        ); // sigma = 0.1 divides rounding by 0.01
        assertAllClose(await denoisedFromScore(score, x, s, A).data(), await D.data(), 1e-5);
      }
    });
  });
