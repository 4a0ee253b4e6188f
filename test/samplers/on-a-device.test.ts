import type { Samples } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { alive, openXlaDevice, type PjrtDevice } from '../../src/compute/xla/pjrt';
import { useDevice } from '../../src/compute/xla/shared-device';
import { freshParameters, withEngine } from '../../src/networks';
import { sampleAncestral, sampleHeun, sampleMultistep, type SamplerInput } from '../../src/samplers';
import { cpuPlugin } from '../compute/xla/pjrt/cpu-plugin';
import { tinyMlp } from '../tiny';

const TIMES = [80, 5, 0.5];
const SAMPLERS: Record<string, (input: SamplerInput) => Promise<Samples>> = {
  'Algorithm 1': input => sampleMultistep({ ...input, times: TIMES }),
  'the ancestral sampler': input => sampleAncestral({ ...input, times: TIMES }),
  "EDM's sampler with churn": input => sampleHeun({ ...input, steps: 5, churn: 10 }),
};

let device: PjrtDevice;
before(async () => {
  await selectBackend({ backend: 'wasm' });
  device = await openXlaDevice({ plugin: cpuPlugin() });
  useDevice(device);
});
after(() => {
  useDevice(undefined);
  device.dispose();
});

describe('sampling with the network on a device', () => {
  const denoiser = tinyMlp();
  const seeds = [3, 1, 4, 1, 5];

  for (const [name, sample] of Object.entries(SAMPLERS))
    test(`${name} gives the eager engine's samples, also for a last batch of fewer rows`, async () => {
      const parameters = freshParameters(denoiser, 1);
      const before = { ...alive };
      const input = { denoiser, parameters, seeds, batch: 3 };
      const [eager, xla] = [await sample({ ...input, engine: 'eager' }), await sample({ ...input, engine: 'xla' })];
      xla.data.forEach((x, i) => {
        assert.ok(Math.abs(x - eager.data[i]) < 1e-5 * Math.max(1, Math.abs(x)), `${i}: ${x}, ${eager.data[i]}`);
      });
      assert.deepEqual(alive, before);
      tf.dispose(parameters);
    });

  test('with a guide on the device too', async () => {
    const [parameters, weak] = [freshParameters(denoiser, 1), freshParameters(denoiser, 2)];
    const input = { denoiser, parameters, seeds, steps: 3, guidance: 1.5, guide: { denoiser, parameters: weak } };
    const [eager, xla] = [
      await sampleHeun({ ...input, engine: 'eager' }),
      await sampleHeun({ ...input, engine: 'xla' }),
    ];
    assert.ok(xla.data.every((x, i) => Math.abs(x - eager.data[i]) < 1e-5 * Math.max(1, Math.abs(x))));
    tf.dispose([parameters, weak]);
  });

  test('no tensor is left, and an evaluation outside of a sampler says so', async () => {
    const parameters = freshParameters(denoiser, 1);
    const { numTensors } = tf.memory();
    await sampleMultistep({ denoiser, parameters, seeds, times: TIMES, engine: 'xla' });
    await withEngine('xla', { denoiser, parameters }, async model => {
      assert.throws(
        () => tf.tidy(() => model.denoiser.denoise(parameters, tf.zeros([1, 2]), tf.ones([1]))),
        /by samplers only/,
      );
      return Promise.resolve();
    });
    assert.equal(tf.memory().numTensors, numTensors);
    tf.dispose(parameters);
  });
});
