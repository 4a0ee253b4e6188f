import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { karrasTimes } from '../../src/diffusion';
import { matchParameters } from '../../src/networks';
import { sampleHeun } from '../../src/samplers';
import { golden, goldenDenoiser, goldenJson, TESTED_BACKENDS } from '../golden';

type ScheduleRow = { num_steps: number; sigma_min: number; sigma_max: number; rho: number; t_steps: number[] };

test("EDM's noise levels: every grid of the fixture, float64", () => {
  const rows = Object.values(goldenJson('sampler/schedules')).flat() as unknown as ScheduleRow[];
  const grids = rows.filter(row => Array.isArray(row.t_steps) && row.rho !== undefined);
  assert.ok(grids.length > 0);
  for (const { num_steps, sigma_min, sigma_max, rho, t_steps } of grids) {
    const ours = karrasTimes(num_steps, { sigmaMin: sigma_min, sigmaMax: sigma_max, rho });
    assert.equal(ours.length, t_steps.length);
    ours.forEach((t, i) => assert.ok(Math.abs(t - t_steps[i]) <= 1e-12 * Math.max(1, t), `${t}, ${t_steps[i]}`));
  }
});

for (const backend of TESTED_BACKENDS)
  describe(`EDM's Heun sampler against PyTorch on ${backend}`, () => {
    for (const name of ['edm_heun18', 'edm_heun_churn'])
      test(`${name}: the state after every step`, async () => {
        await selectBackend({ backend });
        const { json, tensor, host, names } = await golden(`sampler/${name}`);
        const net = await golden(String(json.state_from).replace('.safetensors', ''));
        const denoiser = goldenDenoiser(json.kwargs);
        const parameters = matchParameters(name, denoiser.parameters, net.state('state/'));
        const options = json.sampler_kwargs as Record<string, number>;
        const recorded = host('out/x_next');
        const [n, ...shape] = recorded.shape.slice(1);
        const size = n * shape.reduce((a, b) => a * b, 1);
        const nhwc = (array: ArrayLike<number>, i: number): tf.Tensor =>
          tf.transpose(
            tf.tensor(Float32Array.from(array).slice(i * size, (i + 1) * size), [n, ...shape]),
            [0, 2, 3, 1],
          );
        const floor = (json.float32_state_difference as Record<string, number>).max_abs_diff;
        const conditional = names.includes('in/class_labels');
        const labels = conditional ? Array.from(await tf.argMax(tensor('in/class_labels'), 1).data()) : undefined;
        const errors: number[] = [];
        await sampleHeun({
          denoiser,
          parameters,
          seeds: Array.from({ length: n }, (_, k) => k),
          labels,
          steps: options.num_steps,
          churn: options.S_churn ?? 0,
          churnMin: options.S_min ?? 0,
          churnMax: options.S_max ?? Infinity,
          churnNoise: options.S_noise ?? 1,
          noise: (_, step) =>
            step === 0 ? tensor('in/latents') : nhwc(host('rand/noise').data as Float32Array, step - 1),
          onStep: async ({ step, x }) => {
            const expected = nhwc(recorded.data as Float32Array, step - 1);
            const scale = Math.max(1, (await tf.max(tf.abs(expected)).data())[0]);
            errors.push((await tf.max(tf.abs(tf.sub(x, expected))).data())[0] / scale);
          },
        });
        assert.equal(errors.length, options.num_steps);
        errors.forEach((error, i) => assert.ok(error < 10 * floor, `step ${i + 1}: ${error}, floor ${floor}`));
      });
  });
