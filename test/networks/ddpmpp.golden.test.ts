import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { valueAndGradients } from '../../src/compute/tensors';
import { matchParameters, parameterCount } from '../../src/networks';
import { golden, goldenDenoiser, relativeError, relativeErrorOf, TESTED_BACKENDS } from '../golden';

type Floor = Record<string, { rel_l2: number }>;

for (const backend of TESTED_BACKENDS)
  describe(`DDPM++ against PyTorch on ${backend}`, () => {
    for (const name of ['edm_ddpmpp_uncond', 'edm_ddpmpp_cond'])
      test(`${name}: forward with and without labels, parameter count`, async () => {
        await selectBackend({ backend });
        const { json, state, tensor } = await golden(`net/${name}`);
        const denoiser = goldenDenoiser(json.kwargs);
        assert.equal(parameterCount(denoiser.parameters), json.num_parameters);
        const parameters = matchParameters(name, denoiser.parameters, state('state/'));
        const floor = (json.noise_floor as Floor).D_x.rel_l2;
        const labels =
          (json.kwargs as Record<string, number>).label_dim > 0
            ? { labels: tensor('in/class_labels') }
            : { augment: tensor('in/augment_labels') };
        for (const [output, input] of [
          ['out/D_x', labels],
          ['out/D_x_no_labels', {}],
        ] as const) {
          const ours = denoiser.denoise(parameters, tensor('in/x'), tensor('in/sigma'), input);
          const error = relativeError(await ours.data(), await tensor(output).data());
          assert.ok(error < 10 * floor, `${output}: relative error ${error}, floor ${floor}`);
        }
      });

    test('edm_ddpmpp_uncond: gradients with respect to the input and every parameter', async () => {
      await selectBackend({ backend });
      const net = await golden('net/edm_ddpmpp_uncond');
      const grad = await golden('grad/edm_ddpmpp_uncond');
      const denoiser = goldenDenoiser(net.json.kwargs);
      const parameters = matchParameters('net', denoiser.parameters, net.state('state/'));
      const { value, gradients } = valueAndGradients(
        ({ x, ...p }) => {
          const D = denoiser.denoise(p, x, net.tensor('in/sigma'), { augment: net.tensor('in/augment_labels') });
          return { value: tf.mean(tf.squaredDifference(D, grad.tensor('in/target'))), metrics: {} };
        },
        { ...parameters, x: net.tensor('in/x') },
      );
      const loss = (await value.data())[0];
      assert.ok(Math.abs(loss - grad.json.loss) < 1e-5 * grad.json.loss, `loss ${loss}`);
      const floor = grad.json.noise_floor as Floor;
      const xError = relativeError(await gradients.x.data(), await grad.tensor('grad/x').data());
      assert.ok(xError < 10 * floor.x.rel_l2, `x: ${xError}`);
      const theirs = grad.state('grad/model.');
      const expected = Object.fromEntries(Object.entries(theirs).map(([k, t]) => [`model.${k}`, t]));
      const error = await relativeErrorOf(gradients, expected);
      assert.ok(error < 10 * floor.all_parameters.rel_l2, `parameters: ${error}`);
      for (const key of Object.keys(expected)) {
        if (key.endsWith('qkv.bias')) continue; // its key part has zero true gradient: pure rounding
        const each = await relativeErrorOf(gradients, { [key]: expected[key] });
        assert.ok(each < 10 * floor.worst_parameter.rel_l2, `${key}: ${each}`);
      }
    });
  });
