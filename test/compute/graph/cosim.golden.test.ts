import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { addPrefix, type Tensors, valueAndGradients, withPrefix } from '../../../src/compute/tensors';
import { cosim, type Update } from '../../../src/losses';
import { matchParameters } from '../../../src/networks';
import { adamScalars, emaBeta, initialState, trainingStep } from '../../../src/training';
import { golden, goldenDenoiser } from '../../golden';
import {
  arraysOf,
  openSessions,
  relativeErrorOfResults,
  runLowered,
  runSession,
  type Shaped,
  shapedOf,
  shapesOf,
} from './lowerings';

type Floors = Record<string, { noise_floor: Record<string, { rel_l2: number }> }>;

before(() => selectBackend({ backend: 'wasm' }));

const without = (unwanted: RegExp, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !unwanted.test(name)));

describe("CoSIM's two stages, compiled, against PyTorch", () => {
  type Stage = { update: Update; prefix: string; floor: number };

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

  test('L_psi and L_phi for the smallest and the largest strengths recorded: value and gradients', async () => {
    const fixture = await golden('cosim/cosim_step');
    const { json, state, tensor } = fixture;
    const network = goldenDenoiser(json.network_kwargs);
    const psi = matchParameters('psi', goldenDenoiser(json.network_kwargs, true).parameters, state('state/psi/'));
    const inputs: Shaped = await shapedOf({
      ...addPrefix('theta/', state('state/theta/')),
      ...addPrefix('phi/', state('state/phi/')),
      ...addPrefix('psi/', psi),
      ...addPrefix('batch/', {
        x0: tensor('in/x0'),
        noiseT: tensor('in/eps_t'),
        noiseS: tensor('in/eps_s'),
        s: tensor('in/s'),
        t: tensor('in/t'),
      }),
    });
    const psiStages = [0, 2].map(lambda => ({
      update: cosim(network, network, { coef: (lambda + 1) / 2 }).updates[0],
      prefix: `psi_loss/lambda${lambda}`,
      floor: (json.psi as Floors)[String(lambda)].noise_floor.grad.rel_l2,
    }));
    const phiStages = ['0.5', '1.2'].map(alpha => ({
      update: cosim(network, network, { alpha: Number(alpha) }).updates[1],
      prefix: `phi_loss/alpha${alpha}`,
      floor: (json.phi as Floors)[alpha].noise_floor.grad.rel_l2,
    }));
    for (const stages of [psiStages, phiStages])
      for (const { lowering, results } of await runLowered(allOf(stages), inputs))
        for (const { prefix, floor } of stages) {
          const elements = await tensor(`${prefix}/loss`).data<'float32'>();
          const expected = elements.reduce((sum, loss) => sum + loss, 0) / 4;
          const [value] = results[prefix];
          assert.ok(Math.abs(value - expected) < 1e-5 * Math.max(1, Math.abs(expected)), `${prefix} on ${lowering}: ${value}, ${expected}`); // prettier-ignore
          const theirs = addPrefix('model.', fixture.state(`${prefix}/grad/model.`));
          const error = await relativeErrorOfResults(results, `${prefix}/grad/`, theirs);
          assert.ok(error < 10 * floor, `${prefix} on ${lowering}: gradient error ${error}, floor ${floor}`);
        }
  });

  /** sum_i p_i sin(0.37 (i + 1)) over parameters in the reference's order and layout, without qkv biases. */
  const projection = async (parameters: Tensors, order: string[]): Promise<number> => {
    let [sum, i] = [0, 0];
    for (const name of order.filter(n => !n.endsWith('qkv.bias'))) {
      const p = parameters[name];
      const reference = p.rank === 4 ? tf.transpose(p, [3, 2, 0, 1]) : p.rank === 2 ? tf.transpose(p) : p;
      for (const value of await reference.data()) sum += value * Math.sin(0.37 * ++i);
    }
    return sum;
  };

  test('five alternating training steps: losses, gradient norms, parameters and their average', async () => {
    const { json, tensor } = await golden('cosim/cosim_train');
    const start = await golden('cosim/cosim_step');
    const network = goldenDenoiser(json.network_kwargs);
    const method = cosim(network, network, { alpha: json.alpha, coef: (1 + Number(json.lambda)) / 2 });
    const options = { learningRate: json.lr, beta1: 0, beta2: 0.999, eps: 1e-8 };
    const roles = {
      theta: start.state('state/theta/'),
      phi: start.state('state/phi/'),
      psi: matchParameters('psi', goldenDenoiser(json.network_kwargs, true).parameters, start.state('state/psi/')),
    };
    const names = (list: unknown): string[] => (list as (string | [string])[]).map(x => (Array.isArray(x) ? x[0] : x));
    const order = { psi: names(start.json.psi_parameter_order), phi: names(start.json.phi_parameter_order) };
    const initial = await shapedOf(initialState(roles, ['psi', 'phi'], options));
    const batchAt = (at: string, k: number): Promise<Shaped> => {
      const { stepSize, varianceScale } = adamScalars(k, options);
      return shapedOf(
        addPrefix('batch/', {
          x0: tensor(`${at}/x0`),
          noiseT: tensor(`${at}/eps_t`),
          noiseS: tensor(`${at}/eps_s`),
          s: tensor(`${at}/s`),
          t: tensor(`${at}/t`),
          stepSize: tf.scalar(stepSize),
          varianceScale: tf.scalar(varianceScale),
          emaBeta: tf.scalar(emaBeta((k - 1) * 4, 4, { halflife: 500e3, rampup: 0.05 })),
        }),
      );
    };
    const shapes = shapesOf({ ...initial, ...(await batchAt('step1/psi', 1)) });
    const updates = [];
    for (const update of method.updates) {
      const step = trainingStep({ ...update, lossScale: 1 }, options, 4); // the reference runs without loss scaling
      const f: TensorFunction = all => {
        const { state, metrics } = step(without(/^batch\//, all), withPrefix('batch/', all));
        return { ...state, ...addPrefix('metric ', metrics) };
      };
      updates.push({ role: update.trains as 'psi' | 'phi', sessions: await openSessions(f, shapes) });
    }
    for (const [i, { lowering }] of updates[0].sessions.entries()) {
      const state = arraysOf(initial);
      const tensorsOf = (prefix: string): Tensors => {
        const entries = Object.entries(state).filter(([name]) => name.startsWith(prefix));
        return Object.fromEntries(
          entries.map(([name, data]) => [name.slice(prefix.length), tf.tensor(data, [...shapes[name]])]),
        );
      };
      for (const recorded of json.steps as Record<string, number>[]) {
        const k = recorded.step;
        const close = (ours: number, theirs: number, tolerance: number, what: string): void =>
          assert.ok(Math.abs(ours - theirs) < tolerance * Math.max(1, Math.abs(theirs)), `step ${k}, ${what} on ${lowering}: ${ours}, ${theirs}`); // prettier-ignore
        for (const { role, sessions } of updates) {
          const batch = arraysOf(await batchAt(`step${k}/${role}`, k));
          const results = await runSession(sessions[i].session, { ...state, ...batch });
          for (const name of Object.keys(state)) state[name] = results[name];
          close(results['metric loss'][0], recorded[`${role}_loss`], 5e-5, `${role} loss`);
          close(results['metric gradNorm'][0], recorded[`${role}_grad_norm`], 5e-5, `${role} gradient norm`);
          const projected = await projection(tensorsOf(`${role}/`), order[role]);
          close(projected, recorded[`${role}_projection_no_qkv_bias`], 2e-5, `${role} projection`);
        }
        close(await projection(tensorsOf('ema/'), order.phi), recorded.ema_projection_no_qkv_bias, 2e-5, 'average');
      }
    }
    for (const { session } of updates.flatMap(u => u.sessions)) await session.dispose();
  });
});
