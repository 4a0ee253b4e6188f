import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import { compile } from '../../../src/compute/graph/compile';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { addPrefix, type Tensors, valueAndGradients, withPrefix } from '../../../src/compute/tensors';
import { cosim, type Update } from '../../../src/losses';
import { matchParameters } from '../../../src/networks';
import { adamScalars, emaBeta, initialState, trainingStep } from '../../../src/training';
import { golden, goldenDenoiser, relativeError } from '../../golden';
import { arraysOf, runCompiled, type Shaped, shapedOf, shapesOf, testedLowerings } from './lowerings';

type Floor = Record<string, { rel_l2: number }>;
type Floors = Record<string, { noise_floor: Floor }>;

before(() => selectBackend({ backend: 'wasm' }));

const without = (unwanted: RegExp, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !unwanted.test(name)));

/** Relative error over all named tensors taken as one long vector; results carry `prefix` before the names. */
const errorOf = async (results: Record<string, Float32Array>, prefix: string, theirs: Tensors): Promise<number> => {
  const [ours, expected]: number[][] = [[], []];
  for (const [name, t] of Object.entries(theirs)) {
    ours.push(...results[prefix + name]);
    expected.push(...(await t.data()));
  }
  return relativeError(ours, expected);
};

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
      for (const lowering of await testedLowerings()) {
        const results = await runCompiled(f, inputs, lowering);
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
    for (const lowering of await testedLowerings()) {
      const results = await runCompiled(f, inputs, lowering);
      assert.ok(Math.abs(results.loss[0] - grad.json.loss) < 1e-5 * grad.json.loss, `loss ${results.loss[0]}`);
      const xError = relativeError(results['grad/x'], await grad.tensor('grad/x').data());
      assert.ok(xError < 10 * floor.x.rel_l2, `x on ${lowering}: ${xError}`);
      const error = await errorOf(results, 'grad/', theirs);
      assert.ok(error < 10 * floor.all_parameters.rel_l2, `parameters on ${lowering}: ${error}`);
      for (const [name, t] of Object.entries(without(/qkv\.bias$/, theirs))) {
        const each = await errorOf(results, 'grad/', { [name]: t });
        assert.ok(each < 10 * floor.worst_parameter.rel_l2, `${name} on ${lowering}: ${each}`);
      }
    }
  });
});

describe("CoSIM's two stages, compiled, against PyTorch", () => {
  /** Loss / batch [4] and its gradients, for a state whose names carry their role. */
  const stage =
    ({ trains, loss }: Update): TensorFunction =>
    all => {
      const roles = Object.fromEntries(['theta', 'phi', 'psi'].map(role => [role, withPrefix(`${role}/`, all)]));
      const { value, gradients } = valueAndGradients(p => {
        const result = loss({ ...roles, [trains]: p }, withPrefix('batch/', all));
        return { value: tf.div(result.value, 4), metrics: {} };
      }, roles[trains]);
      return { value, ...addPrefix('grad/', gradients) };
    };

  test('L_psi for four strengths and L_phi for three alphas: value and gradients', async () => {
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
    const stages = [
      ...(json.lambdas as number[]).map(lambda => ({
        update: cosim(network, network, { coef: (lambda + 1) / 2 }).updates[0],
        prefix: `psi_loss/lambda${lambda}`,
        floor: (json.psi as Floors)[String(lambda)].noise_floor.grad.rel_l2,
      })),
      ...['0.5', '1.0', '1.2'].map(alpha => ({
        update: cosim(network, network, { alpha: Number(alpha) }).updates[1],
        prefix: `phi_loss/alpha${alpha}`,
        floor: (json.phi as Floors)[alpha].noise_floor.grad.rel_l2,
      })),
    ];
    for (const { update, prefix, floor } of stages)
      for (const lowering of await testedLowerings()) {
        const results = await runCompiled(stage(update), inputs, lowering);
        const elements = await tensor(`${prefix}/loss`).data<'float32'>();
        const expected = elements.reduce((a, b) => a + b, 0) / 4;
        const gap = Math.abs(results.value[0] - expected);
        assert.ok(
          gap < 1e-5 * Math.max(1, Math.abs(expected)),
          `${prefix} on ${lowering}: ${results.value[0]}, ${expected}`,
        );
        const error = await errorOf(results, 'grad/', addPrefix('model.', fixture.state(`${prefix}/grad/model.`)));
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
    for (const lowering of await testedLowerings()) {
      let state = arraysOf(initial);
      const tensorsOf = (prefix: string): Tensors =>
        withPrefix(prefix, Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith(prefix)).map(([name, data]) => [name, tf.tensor(data, [...shapes[name]])]))); // prettier-ignore
      const steps = [];
      for (const update of method.updates) {
        const step = trainingStep({ ...update, lossScale: 1 }, options, 4); // the reference runs without loss scaling
        const f: TensorFunction = all => {
          const { state: next, metrics } = step(without(/^batch\//, all), withPrefix('batch/', all));
          return { ...next, ...addPrefix('metric ', metrics) };
        };
        steps.push({ role: update.trains as 'psi' | 'phi', run: await compile(f, { shapes, lowering }) });
      }
      for (const recorded of json.steps as Record<string, number>[]) {
        const k = recorded.step;
        const close = (ours: number, theirs: number, tolerance: number, what: string): void =>
          assert.ok(Math.abs(ours - theirs) < tolerance * Math.max(1, Math.abs(theirs)), `step ${k}, ${what} on ${lowering}: ${ours}, ${theirs}`); // prettier-ignore
        for (const { role, run } of steps) {
          const results = await run({ ...state, ...arraysOf(await batchAt(`step${k}/${role}`, k)) });
          for (const name of Object.keys(state)) state[name] = results[name];
          close(results['metric loss'][0], recorded[`${role}_loss`], 5e-5, `${role} loss`);
          close(results['metric gradNorm'][0], recorded[`${role}_grad_norm`], 5e-5, `${role} gradient norm`);
          const projected = await projection(tensorsOf(`${role}/`), order[role]);
          close(projected, recorded[`${role}_projection_no_qkv_bias`], 2e-5, `${role} projection`);
        }
        close(await projection(tensorsOf('ema/'), order.phi), recorded.ema_projection_no_qkv_bias, 2e-5, 'average');
      }
      for (const { run } of steps) await run.dispose();
      state = {};
    }
  });
});
