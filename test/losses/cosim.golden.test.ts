import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { addPrefix, type Tensors, valueAndGradients } from '../../src/compute/tensors';
import { cosim, denoisingLoss, phiLoss, psiLoss } from '../../src/losses';
import { matchParameters } from '../../src/networks';
import { type Golden, golden, goldenDenoiser, relativeError, relativeErrorOf, TESTED_BACKENDS } from '../golden';

type Floors = Record<string, { noise_floor: Record<string, { rel_l2: number }> }>;

/** The three networks of the fixture and its batch under our names. */
const load = async (): Promise<{ fixture: Golden; roles: Record<string, Tensors>; batch: Tensors }> => {
  const fixture = await golden('cosim/cosim_step');
  const { tensor, state } = fixture;
  const [x0, noiseT, noiseS] = ['in/x0', 'in/eps_t', 'in/eps_s'].map(tensor);
  return {
    fixture,
    roles: { theta: state('state/theta/'), phi: state('state/phi/'), psi: state('state/psi/') },
    batch: { x0, noiseT, noiseS, s: tensor('in/s'), t: tensor('in/t') },
  };
};

for (const backend of TESTED_BACKENDS)
  describe(`CoSIM's two stages against PyTorch on ${backend}`, () => {
    test('L_psi: value and gradients for four strengths; L_phi: for three alphas', async () => {
      await selectBackend({ backend });
      const { fixture, roles, batch } = await load();
      const { json } = fixture;
      const network = goldenDenoiser(json.network_kwargs);
      matchParameters('psi', goldenDenoiser(json.network_kwargs, true).parameters, roles.psi);
      const check = async (
        role: 'psi' | 'phi',
        method: ReturnType<typeof cosim>,
        prefix: string,
        floors: Floors[string],
      ) => {
        const update = method.updates[role === 'psi' ? 0 : 1];
        const { value, gradients } = valueAndGradients(p => {
          const result = update.loss({ ...roles, [role]: p }, batch);
          return { value: tf.div(result.value, 4), metrics: {} };
        }, roles[role]);
        const elements = (await fixture.tensor(`${prefix}/loss`).data()) as Float32Array;
        const expected = elements.reduce((a, b) => a + b, 0) / 4;
        const loss = (await value.data())[0];
        assert.ok(
          Math.abs(loss - expected) < 1e-5 * Math.max(1, Math.abs(expected)),
          `${prefix}: ${loss}, ${expected}`,
        );
        const theirs = addPrefix('model.', fixture.state(`${prefix}/grad/model.`));
        const error = await relativeErrorOf(gradients, theirs);
        assert.ok(error < 10 * floors.noise_floor.grad.rel_l2, `${prefix}: gradient error ${error}`);
      };
      for (const lambda of json.lambdas as number[]) {
        const floors = (json.psi as Floors)[String(lambda)];
        await check('psi', cosim(network, network, { coef: (lambda + 1) / 2 }), `psi_loss/lambda${lambda}`, floors);
      }
      for (const alpha of ['0.5', '1.0', '1.2'])
        await check(
          'phi',
          cosim(network, network, { alpha: Number(alpha) }),
          `phi_loss/alpha${alpha}`,
          (json.phi as Floors)[alpha],
        );
    });

    test('the two losses per element from the recorded network outputs', async () => {
      await selectBackend({ backend });
      const { fixture } = await load();
      const [F, xHat, D, s] = ['mid/D_psi', 'mid/xhat0', 'mid/D_theta', 'in/s'].map(fixture.tensor);
      for (const lambda of [0, 0.5, 1, 2]) {
        const ours = await psiLoss({ F, xHat, D, s }, { coef: (lambda + 1) / 2 }).data();
        assert.ok(relativeError(ours, await fixture.tensor(`psi_loss/lambda${lambda}/loss`).data()) < 1e-5);
      }
      for (const alpha of ['0.5', '1.0', '1.2']) {
        const ours = await phiLoss({ F, xHat, D }, { alpha: Number(alpha) }).data();
        const floor = (fixture.json.phi as Floors)[alpha].noise_floor.loss.rel_l2;
        assert.ok(relativeError(ours, await fixture.tensor(`phi_loss/alpha${alpha}/loss`).data()) < 10 * floor);
      }
    });

    for (const name of ['edmloss', 'edmloss_cond'])
      test(`EDM's denoising loss per element: ${name}`, async () => {
        await selectBackend({ backend });
        const { json, tensor, names } = await golden(`loss/${name}`);
        const net = await golden(String(json.state_from).replace('.safetensors', ''));
        const denoiser = goldenDenoiser(json.kwargs);
        const parameters = matchParameters(name, denoiser.parameters, net.state('state/'));
        const sigma = tf.reshape(tensor('mid/sigma'), [-1]);
        const input = {
          labels: names.includes('in/class_labels') ? tensor('in/class_labels') : undefined,
          augment: names.includes('in/augment_labels') ? tensor('in/augment_labels') : undefined,
        };
        const D = denoiser.denoise(parameters, tensor('mid/x_noisy'), sigma, input);
        const x0 = tensor('in/images');
        const error = relativeError(await denoisingLoss(D, x0, sigma).data(), await tensor('out/loss').data());
        assert.ok(error < 5e-6, `relative error ${error}`);
      });
  });
