import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { type Fixture, type Json, openFixture } from '../../../scripts/parity/fixture';
import { recordedGradients } from '../../../scripts/parity/gradients';
import { passes, ratioOf, TYPICAL } from '../../../scripts/parity/measure';
import { type Floors, inReferenceLayout, networkOf, parametersOf } from '../../../scripts/parity/network';
import { selectBackend } from '../../../src/compute/backend';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { addPrefix, type Tensors, valueAndGradients, withPrefix } from '../../../src/compute/tensors';
import { cosim, type Update } from '../../../src/methods';
import { auxiliaryOf, type Denoiser } from '../../../src/networks';
import { adamScalars, emaBeta, initialState, trainingStep } from '../../../src/training';
import { goldenFolder } from '../../golden';
import { openLowered, runLowered, shapedOf, tensorsOf } from './lowerings';
import { arraysOf, type Shaped, shapesOf } from './shaped';

type Parts = Record<string, { loss: number; noise_floor: Floors }>;

before(() => selectBackend({ backend: 'wasm' }));

const open = (name: string): Promise<Fixture> => openFixture(join(goldenFolder, 'cosim', `${name}.json`));

const rolesOf = (network: Denoiser, fixture: Fixture): Record<'theta' | 'phi' | 'psi', Tensors> => ({
  theta: parametersOf(network, fixture, 'state/theta/'),
  phi: parametersOf(network, fixture, 'state/phi/'),
  psi: parametersOf(auxiliaryOf(network), fixture, 'state/psi/'),
});

const batchOf = ({ tensor }: Fixture, prefix: string): Tensors => {
  const names = { x0: 'x0', noiseT: 'eps_t', noiseS: 'eps_s', s: 's', t: 't' };
  return Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [ours, tensor(prefix + theirs)]));
};

describe("CoSIM's two stages, compiled, against PyTorch on every lowering", () => {
  type Stage = { update: Update; prefix: string; part: Parts[string] };

  /** Loss / batch [4] and its gradients for each stage, in one function: what they share is computed once. */
  const allOf =
    (stages: Stage[]): TensorFunction =>
    all => {
      const roles = Object.fromEntries(['theta', 'phi', 'psi'].map(role => [role, withPrefix(`${role}/`, all)]));
      const results: Tensors = {};
      for (const { update, prefix } of stages) {
        const { value, gradients } = valueAndGradients(p => {
          const result = update.loss({ ...roles, [update.trains]: p }, withPrefix('batch/', all));
          return { value: tf.div(result.value, 4), metrics: {} };
        }, roles[update.trains]);
        Object.assign(results, { [prefix]: value }, addPrefix(`${prefix}/grad/`, gradients));
      }
      return results;
    };

  test('value and gradients for every recorded strength of L_psi and every alpha of L_phi', async () => {
    const fixture = await open('cosim_step');
    const { json } = fixture;
    const network = networkOf(json, json.network_kwargs as Json);
    const roles = Object.entries(rolesOf(network, fixture));
    const inputs = await shapedOf({
      ...(Object.assign({}, ...roles.map(([role, tensors]) => addPrefix(`${role}/`, tensors))) as Tensors),
      ...addPrefix('batch/', batchOf(fixture, 'in/')),
    });
    const psiStages = (json.lambdas as number[]).map(lambda => ({
      update: cosim(network, network, { coef: (lambda + 1) / 2 }).updates[0],
      prefix: `psi_loss/lambda${lambda}`,
      part: (json.psi as Parts)[String(lambda)],
    }));
    const phiStages = Object.entries(json.phi as Parts).map(([alpha, part]) => ({
      update: cosim(network, network, { alpha: Number(alpha) }).updates[1],
      prefix: `phi_loss/alpha${alpha}`,
      part,
    }));
    for (const stages of [psiStages, phiStages])
      for (const { lowering, results } of await runLowered(allOf(stages), inputs))
        for (const { prefix, part, update } of stages) {
          const [value] = results[prefix];
          const gap = Math.abs(value - part.loss);
          assert.ok(gap < 1e-5 * Math.abs(part.loss), `${prefix} on ${lowering}: ${value}, ${part.loss}`);
          const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name.replace(`${update.trains}/`, ''), shape])); // prettier-ignore
          const floor = part.noise_floor.grad.rel_l2;
          const floors = { all: floor, each: Math.max(floor, TYPICAL.gradient) };
          const gradients = tensorsOf(results, `${prefix}/grad/`, shapes);
          const measures = await recordedGradients(gradients, fixture, `${prefix}/grad/`, floors);
          assert.ok(measures.length > 50);
          for (const m of measures)
            assert.ok(passes(m), `${prefix} on ${lowering}, ${m.quantity}: ${ratioOf(m)} floors`);
        }
  });

  /** sum_i p_i sin(0.37 (i + 1)) over parameters in the reference's order and layout, without qkv biases. */
  const projection = async (parameters: Tensors, order: string[]): Promise<number> => {
    let [sum, i] = [0, 0];
    for (const name of order.filter(n => !n.endsWith('qkv.bias')))
      for (const value of await inReferenceLayout(parameters[name])) sum += value * Math.sin(0.37 * ++i);
    return sum;
  };

  test('five alternating training steps: losses, gradient norms, parameters and their average', async () => {
    const [fixture, start] = [await open('cosim_train'), await open('cosim_step')];
    const { json } = fixture;
    const network = networkOf(json, json.network_kwargs as Json);
    const method = cosim(network, network, { alpha: Number(json.alpha), coef: (1 + Number(json.lambda)) / 2 });
    const options = { learningRate: Number(json.lr), beta1: 0, beta2: 0.999, eps: 1e-8 };
    const names = (list: unknown): string[] => (list as (string | [string])[]).map(x => (Array.isArray(x) ? x[0] : x));
    const order = { psi: names(start.json.psi_parameter_order), phi: names(start.json.phi_parameter_order) };
    const initial = await shapedOf(initialState(rolesOf(network, start), ['psi', 'phi'], options));
    const batchAt = (at: string, k: number): Promise<Shaped> => {
      const { stepSize, varianceScale } = adamScalars(k, options);
      const beta = emaBeta((k - 1) * 4, 4, { halflife: 500e3, rampup: 0.05 });
      const scalars = {
        stepSize: tf.scalar(stepSize),
        varianceScale: tf.scalar(varianceScale),
        emaBeta: tf.scalar(beta),
      };
      return shapedOf(addPrefix('batch/', { ...batchOf(fixture, `${at}/`), ...scalars }));
    };
    const shapes = shapesOf({ ...initial, ...(await batchAt('step1/psi', 1)) });
    const updates = [];
    for (const update of method.updates) {
      const step = trainingStep({ ...update, lossScale: 1 }, options, 4); // the reference runs without loss scaling
      const f: TensorFunction = all => {
        const { state, metrics } = step(all, withPrefix('batch/', all));
        const known = Object.keys(state).filter(name => !name.startsWith('batch/'));
        return { ...Object.fromEntries(known.map(name => [name, state[name]])), ...addPrefix('metric ', metrics) };
      };
      updates.push({ role: update.trains as 'psi' | 'phi', lowered: await openLowered(f, shapes) });
    }
    for (const [i, { lowering }] of updates[0].lowered.entries()) {
      const state = arraysOf(initial);
      const parameters = (role: string): Tensors =>
        withPrefix(`${role}/`, Object.fromEntries(Object.entries(state).map(([name, data]) => [name, tf.tensor(data, [...shapes[name]])]))); // prettier-ignore
      for (const recorded of json.steps as Record<string, number>[]) {
        const k = recorded.step;
        const close = (ours: number, theirs: number, tolerance: number, what: string): void =>
          assert.ok(Math.abs(ours - theirs) < tolerance * Math.max(1, Math.abs(theirs)), `step ${k}, ${what} on ${lowering}: ${ours}, ${theirs}`); // prettier-ignore
        for (const { role, lowered } of updates) {
          const batch = arraysOf(await batchAt(`step${k}/${role}`, k));
          const results = await lowered[i].run({ ...state, ...batch });
          for (const name of Object.keys(state)) state[name] = results[name];
          close(results['metric loss'][0], recorded[`${role}_loss`], 5e-5, `${role} loss`);
          close(results['metric gradNorm'][0], recorded[`${role}_grad_norm`], 5e-5, `${role} gradient norm`);
          const projected = await projection(parameters(role), order[role]);
          close(projected, recorded[`${role}_projection_no_qkv_bias`], 2e-5, `${role} projection`);
        }
        close(await projection(parameters('ema'), order.phi), recorded.ema_projection_no_qkv_bias, 2e-5, 'average');
      }
    }
    for (const { dispose } of updates.flatMap(u => u.lowered)) await dispose();
  });
});
