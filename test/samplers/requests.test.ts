import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { freshParameters, mixtureDenoiser } from '../../src/networks';
import { sampleHeun, sampleMultistep, type SamplerInput } from '../../src/samplers';
import { tinyImageNet, twoModes } from '../tiny';

const samplers: Record<string, (input: SamplerInput) => Promise<unknown>> = {
  sampleMultistep: input => sampleMultistep({ ...input, times: [80, 5, 1] }),
  sampleHeun: input => sampleHeun({ ...input, steps: 4, churn: 1 }),
};

const model = async (): Promise<Pick<SamplerInput, 'denoiser' | 'parameters'>> => {
  await selectBackend({ backend: 'cpu' });
  return mixtureDenoiser(twoModes);
};

for (const [name, sample] of Object.entries(samplers))
  describe(name, () => {
    test('leaves no tensors behind, whether it ends, is aborted or fails', async () => {
      const base = await model();
      const before = tf.memory().numTensors;
      await sample({ ...base, seeds: [1, 2, 3], batch: 2 });
      assert.equal(tf.memory().numTensors, before, 'after the end');

      const stop = new AbortController();
      const stopped = sample({
        ...base,
        seeds: [1, 2, 3],
        batch: 2,
        signal: stop.signal,
        onStep: ({ done, step }) => void (done === 2 && step === 1 && stop.abort(new Error('enough'))),
      });
      await assert.rejects(stopped, /enough/);
      assert.equal(tf.memory().numTensors, before, 'after an abort');

      const failed = sample({ ...base, seeds: [1, 2], onStep: () => assert.fail('in the callback') });
      await assert.rejects(failed, /in the callback/);
      assert.equal(tf.memory().numTensors, before, 'after an error');
    });

    test('labels leave no tensors behind either', async () => {
      await selectBackend({ backend: 'cpu' });
      const denoiser = tinyImageNet();
      const parameters = freshParameters(denoiser, 0);
      const before = tf.memory().numTensors;
      await sample({ denoiser, parameters, seeds: [1], labels: [2] });
      await assert.rejects(
        sample({ denoiser, parameters, seeds: [1], labels: [2], onStep: () => assert.fail('stop') }),
      );
      assert.equal(tf.memory().numTensors, before);
    });

    test('an aborted signal stops before the first network call', async () => {
      const base = await model();
      const denoiser = { ...base.denoiser, denoise: () => assert.fail('called') };
      await assert.rejects(sample({ ...base, denoiser, seeds: [1], signal: AbortSignal.abort(new Error('no')) }), /no/);
    });

    test('bad seeds, labels and batch sizes are refused by name', async () => {
      const base = await model();
      const refused = (input: Partial<SamplerInput>, message: RegExp) =>
        assert.rejects(sample({ ...base, seeds: [1, 2], ...input }), { name: 'ArgumentError', message });
      await refused({ seeds: [1, -2] }, /: seeds\[1\] must be an integer from 0, got -2/);
      await refused({ seeds: [0.5] }, /seeds\[0\] must be an integer/);
      await refused({ batch: 0 }, /batch must be an integer from 1, got 0/);
      await refused({ labels: [0, 0] }, /labels must be absent: this denoiser is unconditional/);
      await selectBackend({ backend: 'cpu' });
      const denoiser = tinyImageNet();
      const conditional = { denoiser, parameters: freshParameters(denoiser, 0) };
      await refused({ ...conditional, labels: [1] }, /labels must be as many as the 2 seeds, got 1/);
      await refused({ ...conditional, labels: [1, 3] }, /labels\[1\] must be an integer from 0 to 2, got 3/);
    });

    test('no seeds give no samples', async () => {
      const result = (await sample({ ...(await model()), seeds: [] })) as { n: number; data: Float32Array };
      assert.deepEqual([result.n, result.data.length], [0, 0]);
    });
  });

test('noise that cannot be given leaves no tensors behind', async () => {
  await selectBackend({ backend: 'cpu' });
  const denoiser = tinyImageNet();
  const parameters = freshParameters(denoiser, 0);
  const before = tf.memory().numTensors;
  const noise = (): never => assert.fail('no noise');
  await assert.rejects(sampleHeun({ denoiser, parameters, seeds: [1], labels: [1], noise }), /no noise/);
  assert.equal(tf.memory().numTensors, before);
  tf.dispose(parameters);
});

test('bad times and grids are refused by name', async () => {
  const base = { ...(await model()), seeds: [1] };
  const times = (list: number[]) => sampleMultistep({ ...base, times: list });
  await assert.rejects(times([]), /times must be at least one noise level, got \[\]/);
  await assert.rejects(times([80, 80]), /times must be decreasing, got \[80,80\]/);
  await assert.rejects(times([1, 2]), /times must be decreasing/);
  await assert.rejects(times([80, 0]), /times\[1\] must be a finite number above 0, got 0/);
  await assert.rejects(times([NaN]), /times\[0\] must be a finite number above 0, got NaN/);
  await assert.rejects(sampleHeun({ ...base, steps: 0 }), /steps must be an integer from 1/);
  await assert.rejects(sampleHeun({ ...base, churn: -1 }), /churn must be a finite number of at least 0/);
  for (const name of ['churnMin', 'churnMax', 'churnNoise'])
    await assert.rejects(
      sampleHeun({ ...base, churn: 1, [name]: NaN }),
      new RegExp(`${name} must be a finite number of at least 0, got NaN`),
    );
  await assert.rejects(sampleHeun({ ...base, sigmaMin: 90 }), /sigmaMax must be a finite number above 90/);
});
