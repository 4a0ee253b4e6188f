import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import type { Denoiser } from '../../src/networks';
import { sampleHeun } from '../../src/samplers';
import { assertAllClose } from '../close';
import { TESTED_BACKENDS } from '../golden';

/** D(x, sigma) = centre (+ label index) whatever x is: the sampler ends at exactly D. */
const constant = (centre: number, more: Partial<Denoiser> = {}, seen: number[] = []): Denoiser => ({
  config: { kind: 'constant' },
  sampleShape: [2],
  classes: 0,
  parameters: [],
  dropout: [],
  denoise: (_, x, sigma, { labels } = {}) => {
    seen.push(sigma.dataSync()[0]);
    const own = tf.mul(tf.onesLike(x), centre);
    return labels ? tf.add(own, tf.reshape(tf.cast(tf.argMax(labels, 1), 'float32'), [-1, 1])) : own;
  },
  ...more,
});

const run = async (denoiser: Denoiser, options: object = {}): Promise<Float32Array> =>
  (await sampleHeun({ denoiser, parameters: {}, seeds: [1, 2, 3], steps: 4, ...options })).data;

for (const backend of TESTED_BACKENDS)
  describe(`guidance on ${backend}`, () => {
    test('ends where D_guide + g (D - D_guide) does, for any g', async () => {
      await selectBackend({ backend });
      const guide = { denoiser: constant(0.25), parameters: {} };
      for (const guidance of [0, 0.5, 1, 2, 3.5])
        assertAllClose(
          await run(constant(1), { guide, guidance }),
          new Array<number>(6).fill(0.25 + guidance * 0.75),
          1e-5,
        );
    });

    test('a conditional guide is told the label, an unconditional one is not', async () => {
      await selectBackend({ backend });
      const options = { labels: [0, 2, 1], guidance: 2 };
      const main = constant(1, { classes: 3 });
      const plain = await run(main, { ...options, guide: { denoiser: constant(0), parameters: {} } });
      assertAllClose(
        plain,
        [0, 2, 1].flatMap(label => [2 * (1 + label), 2 * (1 + label)]),
        1e-5,
      );
      const weaker = await run(main, { ...options, guide: { denoiser: constant(0, { classes: 3 }), parameters: {} } });
      assertAllClose(
        weaker,
        [0, 2, 1].flatMap(label => [2 + label, 2 + label]),
        1e-5,
      );
    });

    test('the guide is asked as often as the denoiser, and not at all for g = 1', async () => {
      await selectBackend({ backend });
      for (const [guidance, calls] of [
        [1, 0],
        [1.5, 7],
      ]) {
        const seen: number[] = [];
        await run(constant(1), { guidance, guide: { denoiser: constant(0, {}, seen), parameters: {} } });
        assert.equal(seen.length, calls);
      }
    });
  });

test("levels stay within the denoiser's range and at those that it knows", async () => {
  await selectBackend({ backend: 'cpu' });
  const seen: number[] = [];
  const range = { sigmaMin: 0.5, sigmaMax: 8 };
  await run(constant(0, { range, roundSigma: sigma => Math.max(Math.round(sigma), 0.5) }, seen), {
    churn: 2,
    steps: 3,
  });
  for (const level of seen) assert.ok(level === 0.5 || (Number.isInteger(level) && level <= 11), `${level}`);
  assert.equal(seen[0], Math.round(8 * Math.SQRT2)); // raised by churn, then rounded
  assert.equal(seen[seen.length - 1], 1); // 0.5 raised by churn
});

test('guides and weights that do not fit are refused by name', async () => {
  await selectBackend({ backend: 'cpu' });
  const guided = (denoiser: Denoiser, guidance = 2) =>
    run(constant(1), { guidance, guide: { denoiser, parameters: {} } });
  await assert.rejects(run(constant(1), { guidance: 2 }), /guide must be given for a guidance other than 1/);
  await assert.rejects(guided(constant(0), NaN), /guidance must be a finite number/);
  await assert.rejects(
    guided(constant(0, { sampleShape: [3] })),
    /guide must be a denoiser of samples \[2\], got \[3\]/,
  );
  await assert.rejects(
    guided(constant(0, { classes: 4 })),
    /guide must be unconditional or a denoiser of 0 classes, got 4/,
  );
});
