import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { freshParameters, mixtureDenoiser } from '../../src/networks';
import { sampleMultistep } from '../../src/samplers';
import { assertAllClose, assertClose, mean, valuesOf, variance } from '../close';
import { TESTED_BACKENDS } from '../golden';
import { tinyImageNet, twoModes } from '../tiny';

const seeds = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

for (const backend of TESTED_BACKENDS)
  describe(`Algorithm 1 on ${backend}`, () => {
    test('sample k is bit for bit the same whatever is sampled beside it: batch sizes 1, 3, 8, another order, a part', async () => {
      await selectBackend({ backend });
      const denoiser = tinyImageNet();
      const parameters = freshParameters(denoiser, 0);
      const [all, classes] = [seeds(8, 100), [0, 1, 2, 0, 1, 2, 0, 1]];
      const run = async (which: number[], batch: number): Promise<Float32Array[]> => {
        const { data, n, shape } = await sampleMultistep({
          denoiser,
          parameters,
          times: [80, 5, 0.3],
          seeds: which.map(k => all[k]),
          labels: which.map(k => classes[k]),
          batch,
        });
        assert.deepEqual([n, ...shape], [which.length, 8, 8, 1]);
        return which.map((_, i) => data.slice(i * 64, (i + 1) * 64));
      };
      const whole = await run(seeds(8), 8);
      for (const [which, batch] of [
        [seeds(8), 1],
        [seeds(8), 3],
        [seeds(8), 64],
        [[7, 2, 5, 0, 1, 6, 3, 4], 3],
        [[4], 8],
      ] as const) {
        const samples = await run([...which], batch);
        which.forEach((k, i) => assert.deepEqual(samples[i], whole[k], `sample ${k}, batch ${batch}`)); // bit for bit
      }
    });

    test('2 and 4 steps share the first noise of a seed, scaled to their first time', async () => {
      await selectBackend({ backend });
      const { denoiser, parameters } = mixtureDenoiser(twoModes);
      const first: number[][] = [];
      const watched = {
        ...denoiser,
        denoise: (...[p, x, sigma]: Parameters<typeof denoiser.denoise>) => {
          calls.push(tf.keep(tf.div(x, tf.reshape(sigma, [-1, 1]))));
          return denoiser.denoise(p, x, sigma);
        },
      };
      let calls: tf.Tensor[] = [];
      for (const times of [
        [16.78, 1.382],
        [80, 16.78, 2.24, 0.131],
      ]) {
        calls = [];
        await sampleMultistep({ denoiser: watched, parameters, times, seeds: seeds(5) });
        assert.equal(calls.length, times.length, 'one network call a time');
        first.push(await valuesOf(calls[0]));
        tf.dispose(calls);
      }
      assertAllClose(first[0], first[1], 1e-6);
    });

    test('the exact denoiser of one Gaussian N(0, v): the variance of the closed recursion', async () => {
      await selectBackend({ backend });
      const v = 0.25;
      const { denoiser, parameters } = mixtureDenoiser({ weights: [1], means: [[0]], covariances: [[[v]]] });
      const [n, times] = [20_000, [80, 2, 0.4]];
      const { data } = await sampleMultistep({ denoiser, parameters, times, seeds: seeds(n), batch: 4096 });
      // x ~ N(0, V): D x = v / (v + t^2) x, then noise of the next time
      let V = times[0] ** 2;
      times.forEach((t, i) => (V = (v / (v + t * t)) ** 2 * V + (times[i + 1] ?? 0) ** 2));
      assertClose(mean(data), 0, 4 * Math.sqrt(V / n));
      assertClose(variance(data) / V, 1, 4 * Math.sqrt(2 / n));
    });

    test('onStep sees every step of every batch, and the last state is the sample', async () => {
      await selectBackend({ backend });
      const { denoiser, parameters } = mixtureDenoiser(twoModes);
      const seen: number[][] = [];
      const last: number[] = [];
      const { data } = await sampleMultistep({
        denoiser,
        parameters,
        times: [80, 1],
        seeds: seeds(5),
        batch: 2,
        onStep: async ({ step, steps, done, total, x }) => {
          seen.push([step, steps, done, total, x.shape[0]]);
          if (step === steps) last.push(...(await valuesOf(x)));
        },
      });
      const rows = [0, 2, 4].flatMap(done => [1, 2].map(step => [step, 2, done, 5, Math.min(2, 5 - done)]));
      assert.deepEqual(seen, rows);
      assert.deepEqual(Float32Array.from(last), data);
    });
  });
