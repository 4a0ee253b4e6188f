import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { addPrefix, valueAndGradients } from '../../../src/compute/tensors';
import { matchParameters } from '../../../src/networks';
import { golden, goldenDenoiser, relativeError } from '../../golden';
import { relativeErrorOfResults, runLowered, shapedOf } from './lowerings';

type Floor = Record<string, { rel_l2: number }>;

before(() => selectBackend({ backend: 'wasm' }));

describe('DDPM++, compiled, against PyTorch', () => {
  for (const name of ['edm_ddpmpp_uncond', 'edm_ddpmpp_cond'])
    test(`${name}: forward with and without labels`, async () => {
      const { json, state, tensor } = await golden(`net/${name}`);
      const denoiser = goldenDenoiser(json.kwargs);
      const parameters = matchParameters(name, denoiser.parameters, state('state/'));
      const labelled = (json.kwargs as Record<string, number>).label_dim > 0;
      const label = tensor(labelled ? 'in/class_labels' : 'in/augment_labels');
      const f: TensorFunction = ({ x, sigma, label: row, ...p }) => ({
        'out/D_x': denoiser.denoise(p, x, sigma, labelled ? { labels: row } : { augment: row }),
        'out/D_x_no_labels': denoiser.denoise(p, x, sigma),
      });
      const inputs = await shapedOf({ ...parameters, x: tensor('in/x'), sigma: tensor('in/sigma'), label });
      for (const { lowering, results } of await runLowered(f, inputs)) {
        for (const [output, ours] of Object.entries(results)) {
          const error = relativeError(ours, await tensor(output).data());
          const floor = (json.noise_floor as Floor).D_x.rel_l2;
          assert.ok(error < 10 * floor, `${output} on ${lowering}: relative error ${error}, floor ${floor}`);
        }
      }
    });

  test('edm_ddpmpp_uncond: gradients with respect to the input and every parameter', async () => {
    const net = await golden('net/edm_ddpmpp_uncond');
    const grad = await golden('grad/edm_ddpmpp_uncond');
    const denoiser = goldenDenoiser(net.json.kwargs);
    const parameters = matchParameters('net', denoiser.parameters, net.state('state/'));
    const f: TensorFunction = ({ sigma, augment, target, ...trained }) => {
      const { value, gradients } = valueAndGradients(({ x, ...p }) => {
        const D = denoiser.denoise(p, x, sigma, { augment });
        return { value: tf.mean(tf.squaredDifference(D, target)), metrics: {} };
      }, trained);
      return { loss: value, ...addPrefix('grad/', gradients) };
    };
    const inputs = await shapedOf({
      ...parameters,
      x: net.tensor('in/x'),
      sigma: net.tensor('in/sigma'),
      augment: net.tensor('in/augment_labels'),
      target: grad.tensor('in/target'),
    });
    const floor = grad.json.noise_floor as Floor;
    const theirs = addPrefix('model.', grad.state('grad/model.'));
    for (const { lowering, results } of await runLowered(f, inputs)) {
      assert.ok(Math.abs(results.loss[0] - grad.json.loss) < 1e-5 * grad.json.loss, `loss ${results.loss[0]}`);
      const xError = relativeError(results['grad/x'], await grad.tensor('grad/x').data());
      assert.ok(xError < 10 * floor.x.rel_l2, `x on ${lowering}: ${xError}`);
      const error = await relativeErrorOfResults(results, 'grad/', theirs);
      assert.ok(error < 10 * floor.all_parameters.rel_l2, `parameters on ${lowering}: ${error}`);
      for (const [name, t] of Object.entries(theirs)) {
        if (name.endsWith('qkv.bias')) continue; // its key part has zero true gradient: pure rounding
        const each = await relativeErrorOfResults(results, 'grad/', { [name]: t });
        assert.ok(each < 10 * floor.worst_parameter.rel_l2, `${name} on ${lowering}: ${each}`);
      }
    }
  });
});
