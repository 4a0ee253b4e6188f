import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { uniform } from '../../src/compute/noise';
import { edmCoefficients, edmDenoiser, freshParameters, mixtureDenoiser, mlp, type Network } from '../../src/networks';
import { assertAllClose, assertClose, gaussians } from '../close';
import { TESTED_BACKENDS } from '../golden';

describe("EDM's preconditioning", () => {
  test('for 1,000 log-uniform levels: unit input variance, unit target variance, and smallest c_out', () => {
    for (const u of uniform({ seed: 0, stream: 'levels' }, 1000)) {
      const sigma = 10 ** (6 * u - 3);
      for (const sd of [0.5, 1.3]) {
        const { cSkip, cOut, cIn, cNoise } = edmCoefficients(sigma, sd);
        assertClose(cIn ** 2 * (sd ** 2 + sigma ** 2), 1, 1e-12, 'variance of the input');
        // (x_0 - c_skip x) / c_out has variance ((1 - c_skip)^2 sd^2 + c_skip^2 sigma^2) / c_out^2
        const errorVariance = (skip: number): number => (1 - skip) ** 2 * sd ** 2 + skip ** 2 * sigma ** 2;
        assertClose(errorVariance(cSkip) / cOut ** 2, 1, 1e-9, 'variance of the target');
        for (const other of [cSkip * 0.99, cSkip * 1.01, cSkip + 0.01])
          assert.ok(errorVariance(other) >= errorVariance(cSkip));
        assertClose(Math.exp(4 * cNoise), sigma, 1e-9 * sigma, 'c_noise');
      }
    }
  });

  for (const backend of TESTED_BACKENDS)
    test(`the denoiser is c_skip x + c_out F(c_in x; c_noise), each sample with its own level, on ${backend}`, async () => {
      await selectBackend({ backend });
      const shape = [2, 3, 1];
      const sigmas = [0.002, 0.4, 80];
      // F(x; c) = x^2 + c: all that the network sees is visible in its output
      const square: Network = {
        config: { kind: 'square' },
        sampleShape: shape,
        classes: 0,
        parameters: [],
        dropout: [],
        apply: (_, { x, cNoise }) => tf.add(tf.square(x), tf.reshape(cNoise, [-1, 1, 1, 1])),
      };
      const x = gaussians(18, 'x').map((v, i) => v * (1 + sigmas[Math.floor(i / 6)]));
      const expected = Array.from(x, (v, i) => {
        const { cSkip, cOut, cIn, cNoise } = edmCoefficients(sigmas[Math.floor(i / 6)], 0.7);
        return cSkip * v + cOut * ((cIn * v) ** 2 + cNoise);
      });
      const denoiser = edmDenoiser(square, { sigmaData: 0.7 });
      const D = denoiser.denoise({}, tf.tensor(x, [3, ...shape]), tf.tensor1d(sigmas));
      assertAllClose(await D.data(), expected, 2e-6);
    });
});

test('wrong shapes, times and options are refused by name', async () => {
  await selectBackend({ backend: 'cpu' });
  const network = mlp({ width: 8, blocks: 1 });
  const denoiser = edmDenoiser(network);
  const auxiliary = edmDenoiser(mlp({ width: 8, blocks: 1, secondTime: true }));
  const parameters = freshParameters(denoiser, 0);
  const [x, s] = [tf.zeros([4, 2]), tf.ones([4])];
  assert.throws(() => denoiser.denoise(parameters, tf.zeros([4, 3]), s), /x must be of shape \[\*, 2\], got \[4,3\]/);
  assert.throws(() => denoiser.denoise(parameters, x, tf.ones([3])), /sigma must be of shape \[4\], got \[3\]/);
  assert.throws(() => denoiser.denoise(parameters, x, tf.scalar(1)), /sigma must be of shape \[4\]/);
  assert.throws(() => denoiser.denoise(parameters, x, s, { t: s }), /only the auxiliary takes t/);
  assert.throws(() => auxiliary.denoise(freshParameters(auxiliary, 0), x, s), /the auxiliary needs t/);
  assert.throws(() => edmDenoiser(network, { sigmaData: 0 }), /sigmaData must be a finite number above 0/);
  const { denoiser: exact, parameters: p } = mixtureDenoiser({ weights: [1], means: [[0]], covariances: [[[1]]] });
  assert.throws(() => exact.denoise(p, x, s), /x must be of shape \[\*, 1\]/);
});
