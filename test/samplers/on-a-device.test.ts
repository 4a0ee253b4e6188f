import type { Samples } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { normal } from '../../src/compute/noise';
import { TraceError } from '../../src/compute/graph';
import type { Tensors } from '../../src/compute/tensors';
import type { HloModule } from '../../src/compute/xla/hlo';
import { alive } from '../../src/compute/xla/pjrt';
import { useDevice } from '../../src/compute/xla/shared-device';
import { type Denoiser, edmDenoiser, freshParameters, mlp, settled, withEngine } from '../../src/networks';
import { sampleAncestral, sampleHeun, sampleMultistep, type SamplerInput } from '../../src/samplers';
import { testDevice } from '../compute/xla/pjrt/cpu-plugin';
import { tinyMlp } from '../tiny';

const TIMES = [80, 5, 0.5];
const SAMPLERS: Record<string, (input: SamplerInput) => Promise<Samples>> = {
  'Algorithm 1': input => sampleMultistep({ ...input, times: TIMES }),
  'the ancestral sampler': input => sampleAncestral({ ...input, times: TIMES }),
  "EDM's sampler with churn": input => sampleHeun({ ...input, steps: 5, churn: 10 }),
};

/** Fresh parameters, moved so that layers that start at zero take part. */
const lively = (denoiser: Denoiser, seed: number): Tensors =>
  tf.tidy(() =>
    Object.fromEntries(
      Object.entries(freshParameters(denoiser, seed)).map(([name, t]) => {
        const noise = normal({ seed, stream: name }, t.size).map(z => 0.2 * z);
        return [name, tf.add(t, tf.tensor(noise, t.shape))];
      }),
    ),
  );

const cpu = testDevice({ shared: true });

describe('sampling with the network on a device', () => {
  const denoiser = tinyMlp();
  const seeds = [3, 1, 4, 1, 5];

  for (const [name, sample] of Object.entries(SAMPLERS))
    test(`${name} gives the eager engine's samples, also for a last batch of fewer rows`, async () => {
      const parameters = lively(denoiser, 1);
      const before = { ...alive };
      const input = { denoiser, parameters, seeds, batch: 3 };
      const [eager, xla] = [await sample({ ...input, engine: 'eager' }), await sample({ ...input, engine: 'xla' })];
      xla.data.forEach((x, i) => {
        assert.ok(Math.abs(x - eager.data[i]) < 1e-5 * Math.max(1, Math.abs(x)), `${i}: ${x}, ${eager.data[i]}`);
      });
      assert.deepEqual(alive, before);
      tf.dispose(parameters);
    });

  test('every seed and label has its own row, whatever the batch and however many devices share it', async () => {
    const labelled = edmDenoiser(mlp({ dimensions: 3, width: 8, blocks: 2, classes: 4 }));
    const parameters = lively(labelled, 1);
    const input = {
      denoiser: labelled,
      parameters,
      seeds: [2 ** 40 + 3, 1, 4, 1, 5],
      labels: [0, 3, 1, 2, 1],
      times: TIMES,
    };
    const eager = await sampleMultistep({ ...input, engine: 'eager' });
    for (const [batch, devices] of [
      [2, 1],
      [5, 0],
      [4, 2],
      [64, 2],
      [1, 2],
    ])
      // prettier-ignore
      for (const precision of ['auto', 'tf32'] as const) {
        const { data } = await sampleMultistep({ ...input, engine: 'xla', batch, devices, precision });
        assert.ok(data.every((x, i) => Math.abs(x - eager.data[i]) < 1e-5 * Math.max(1, Math.abs(x))));
      }
    const rough = await sampleMultistep({ ...input, engine: 'xla', precision: 'bf16' });
    const gap = Math.max(...rough.data.map((x, i) => Math.abs(x - eager.data[i])));
    assert.ok(gap > 1e-5 && gap < 0.2, `bfloat16 products: ${gap}`);
    tf.dispose(parameters);
  });

  test('one program serves any number of steps and all times; a step reports its state; a signal stops it', async () => {
    const parameters = lively(denoiser, 1);
    let compiled = 0;
    const counting = {
      ...cpu.device,
      compile: (module: HloModule) => {
        compiled++;
        return cpu.device.compile(module);
      },
    };
    useDevice(counting);
    const input = { denoiser, parameters, seeds, engine: 'xla' as const };
    const reported: number[][] = [];
    const onStep: SamplerInput['onStep'] = async ({ step, steps, x }) => {
      reported.push([step, steps, (await x.data())[0]]);
    };
    const { data } = await sampleMultistep({ ...input, times: [80, 20, 5, 2, 1, 0.5], onStep });
    assert.equal(compiled, 2); // the start and the step
    assert.deepEqual(reported.map(([step, steps]) => `${step}/${steps}`).join(' '), '1/6 2/6 3/6 4/6 5/6 6/6'); // prettier-ignore
    assert.equal(reported[5][2], data[0]);
    const stop = new AbortController();
    const stopped = sampleMultistep({
      ...input,
      times: TIMES,
      signal: stop.signal,
      onStep: () => stop.abort(new Error('enough')),
    });
    await assert.rejects(stopped, /enough/);
    useDevice(cpu.device);
    tf.dispose(parameters);
  });

  test('with a guide on the device too', async () => {
    const [parameters, weak] = [lively(denoiser, 1), lively(denoiser, 2)];
    const input = { denoiser, parameters, seeds, steps: 3, guidance: 1.5, guide: { denoiser, parameters: weak } };
    const [eager, xla] = [
      await sampleHeun({ ...input, engine: 'eager' }),
      await sampleHeun({ ...input, engine: 'xla' }),
    ];
    xla.data.forEach((x, i) => {
      assert.ok(Math.abs(x - eager.data[i]) < 1e-6 * 80, `${i}: ${x}, ${eager.data[i]}`);
    });
    tf.dispose([parameters, weak]);
  });

  test('a network that cannot be traced is evaluated as it is, with one warning, unless the device was asked for', async () => {
    const parameters = lively(denoiser, 1);
    const untraceable: Denoiser = {
      ...denoiser,
      denoise: (p, x, ...rest) => {
        x.dataSync();
        return denoiser.denoise(p, x, ...rest);
      },
    };
    const [x, sigma] = [tf.ones([2, 2]), tf.ones([2])];
    const evaluate = (engine: 'auto' | 'xla') =>
      withEngine(engine, { denoiser: untraceable, parameters }, async model => {
        for (let i = 0; i < 2; i++) (await settled(() => model.denoiser.denoise(parameters, x, sigma))).dispose();
        return settled(() => model.denoiser.denoise(parameters, x, sigma));
      });
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', listen);
    useDevice({ ...cpu.device, accelerates: true });
    const found = await evaluate('auto');
    await assert.rejects(evaluate('xla'), TraceError);
    useDevice(cpu.device);
    await new Promise(resolve => setImmediate(resolve)); // warnings come with the next turn
    process.off('warning', listen);
    assert.deepEqual(await found.data(), await tf.tidy(() => denoiser.denoise(parameters, x, sigma)).data());
    assert.equal(warnings.length, 1, warnings.join());
    assert.match(warnings[0], /value of a traced tensor .* evaluated eagerly/s);
    tf.dispose([parameters, x, sigma, found]);
  });

  test('no tensor is left, and an evaluation outside of a sampler says so', async () => {
    const parameters = lively(denoiser, 1);
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
