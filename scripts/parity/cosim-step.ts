import * as tf from '@tensorflow/tfjs-core';
import { type Tensors, valueAndGradients } from '../../src/compute/tensors';
import { diffuse } from '../../src/diffusion';
import { phiLoss, psiLoss } from '../../src/losses';
import { cosim } from '../../src/methods';
import { auxiliaryOf } from '../../src/networks';
import type { Fixture, Json } from './fixture';
import { recordedGradients } from './gradients';
import { array, type Measure, scalar, TYPICAL } from './measure';
import { conditionsOf, type Floors, imagesOf, networkOf, parametersOf } from './network';

type Parts = Record<string, { loss: number; noise_floor: Floors }>;

/** A step's losses per element and their gradients, for every strength and every alpha that is recorded. */
export const cosimStep = async (fixture: Fixture): Promise<Measure[]> => {
  const { json, tensor, host } = fixture;
  const network = networkOf(json, json.network_kwargs as Json);
  const auxiliary = auxiliaryOf(network);
  const roles: Record<'theta' | 'phi' | 'psi', Tensors> = {
    theta: parametersOf(network, fixture, 'state/theta/'),
    phi: parametersOf(network, fixture, 'state/phi/'),
    psi: parametersOf(auxiliary, fixture, 'state/psi/'),
  };
  const { labels } = conditionsOf(fixture, network);
  const [x0, noiseT, noiseS, s, t] = ['in/x0', 'in/eps_t', 'in/eps_s', 'in/s', 'in/t'].map(tensor);
  const batch = { x0, noiseT, noiseS, s, t, ...(labels ? { labels } : {}) };
  const [B] = x0.shape;
  const measures: Measure[] = [];
  const check = async (
    role: 'psi' | 'phi',
    options: { alpha?: number; coef?: number },
    prefix: string,
    part: Parts[string],
  ) => {
    const update = cosim(network, network, options).updates.find(({ trains }) => trains === role)!;
    const { value, gradients } = valueAndGradients(p => {
      const result = update.loss({ ...roles, [role]: p }, batch);
      return { value: tf.div(result.value, B), metrics: {} };
    }, roles[role]);
    const floor = part.noise_floor.grad.rel_l2;
    const all = await recordedGradients(gradients, fixture, `${prefix}/grad/`, {
      all: floor,
      each: Math.max(floor, TYPICAL.gradient),
    });
    measures.push(
      { ...scalar(`${prefix}: sum`, (await value.data())[0], part.loss, TYPICAL.gradient) },
      ...all.map(m => ({ ...m, quantity: `${prefix}: ${m.quantity}` })),
    );
  };
  const elements = async (prefix: string, ours: tf.Tensor, part: Parts[string]): Promise<void> => {
    const theirs = host(`${prefix}/loss`).data as Float32Array;
    measures.push(array(`${prefix}: loss`, await imagesOf(ours), theirs, part.noise_floor.loss.rel_l2));
  };
  const xHat = network.denoise(roles.phi, diffuse(x0, noiseT, t), t, { labels });
  const denoised = (image: tf.Tensor): { D: tf.Tensor; F: tf.Tensor } => {
    const xS = diffuse(image, noiseS, s);
    return {
      D: network.denoise(roles.theta, xS, s, { labels }),
      F: auxiliary.denoise(roles.psi, xS, s, { t, labels }),
    };
  };
  const outputs = denoised(xHat);
  for (const lambda of json.lambdas as number[]) {
    const part = (json.psi as Parts)[String(lambda)];
    const [coef, prefix] = [(lambda + 1) / 2, `psi_loss/lambda${lambda}`];
    await elements(prefix, psiLoss({ ...outputs, xHat, s }, { coef }), part);
    await check('psi', { coef }, prefix, part);
  }
  for (const key of Object.keys(json.phi as Parts)) {
    const part = (json.phi as Parts)[key];
    const [alpha, prefix] = [Number(key), `phi_loss/alpha${key}`];
    await elements(prefix, phiLoss({ ...outputs, xHat }, { alpha }), part);
    const { gradients } = valueAndGradients(
      ({ image }) => ({
        value: tf.div(tf.sum(phiLoss({ ...denoised(image), xHat: image }, { alpha })), B),
        metrics: {},
      }),
      { image: xHat },
    );
    const theirs = host(`${prefix}/grad_xhat0`).data as Float32Array;
    const floor = part.noise_floor.grad_xhat0.rel_l2;
    measures.push(array(`${prefix}: d xhat`, await imagesOf(gradients.image), theirs, floor));
    await check('phi', { alpha }, prefix, part);
  }
  return measures;
};
