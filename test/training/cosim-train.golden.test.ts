import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { compile, type Compiled, type LoweringName } from '../../src/compute/graph';
import { addPrefix, type Tensors, withPrefix } from '../../src/compute/tensors';
import { cosim } from '../../src/losses';
import { matchParameters } from '../../src/networks';
import { adamScalars, emaBeta, initialState, type Step, type StepResult, trainingStep } from '../../src/training';
import { golden, goldenDenoiser, goldenJson, TESTED_BACKENDS } from '../golden';

type RecordedStep = Record<string, number>;

/** sum_i p_i sin(0.37 (i + 1)) over parameters in the reference's order and layout, without qkv biases, and the L2 norm. */
const projection = async (parameters: Tensors, order: string[]): Promise<number> => {
  let [sum, i] = [0, 0];
  for (const name of order) {
    if (name.endsWith('qkv.bias')) continue;
    const p = parameters[name];
    const reference = p.rank === 4 ? tf.transpose(p, [3, 2, 0, 1]) : p.rank === 2 ? tf.transpose(p) : p;
    for (const value of await reference.data()) sum += value * Math.sin(0.37 * ++i);
  }
  return sum;
};

test('EMA decay: every row of the reference table', () => {
  const { table } = goldenJson('cosim/ema_beta') as unknown as { table: Record<string, number | null>[] };
  assert.ok(table.length >= 7);
  for (const row of table) {
    const options = { halflife: row.ema_halflife_kimg! * 1000, rampup: row.ema_rampup_ratio ?? Infinity };
    const beta = emaBeta(row.cur_nimg!, row.batch_size!, options);
    assert.ok(Math.abs(beta - row.beta!) < 1e-12, JSON.stringify(row));
  }
});

type AsyncStep = (state: Tensors, batch: Tensors) => Promise<StepResult>;
const eager =
  (step: Step): AsyncStep =>
  (state, batch) =>
    Promise.resolve(step(state, batch));

/** The same step, compiled whole at its first call. */
const compiled = (step: Step, lowering: LoweringName): AsyncStep => {
  let ready: Promise<Compiled> | undefined;
  return async (state, batch) => {
    const inputs = { ...addPrefix('state/', state), ...addPrefix('batch/', batch) };
    ready ??= compile(
      all => {
        const result = step(withPrefix('state/', all), withPrefix('batch/', all));
        return { ...addPrefix('state/', result.state), ...addPrefix('metrics/', result.metrics) };
      },
      { shapes: Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.shape])), lowering },
    );
    const arrays = Object.entries(inputs).map(async ([name, t]) => [name, await t.data<'float32'>()] as const);
    const results = await (await ready)(Object.fromEntries(await Promise.all(arrays)));
    const tensors: Tensors = {};
    for (const [name, data] of Object.entries(results))
      tensors[name] = tf.tensor(data, name in inputs ? inputs[name].shape : []);
    return { state: withPrefix('state/', tensors), metrics: withPrefix('metrics/', tensors) };
  };
};

const ENGINES: { name: string; backend: 'wasm' | 'cpu'; engine: (step: Step) => AsyncStep }[] = [
  ...TESTED_BACKENDS.map(backend => ({ name: backend, backend, engine: eager })),
  ...(['auto', 'portable'] as const).map(lowering => ({
    name: `the compiled engine (${lowering})`,
    backend: 'wasm' as const,
    engine: (step: Step) => compiled(step, lowering),
  })),
];

for (const { name, backend, engine } of ENGINES)
  describe(`five alternating steps against PyTorch on ${name}`, () => {
    test('losses, gradient norms and parameter projections of psi, phi and the average after every step', async () => {
      await selectBackend({ backend });
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
      const steps = method.updates.map(update => ({
        role: update.trains,
        step: engine(trainingStep({ ...update, lossScale: 1 }, options, 4)), // the reference runs without loss scaling
      }));
      let state = initialState(roles, ['psi', 'phi'], options);
      const names = (list: unknown): string[] =>
        (list as (string | [string])[]).map(x => (Array.isArray(x) ? x[0] : x));
      const order = { psi: names(start.json.psi_parameter_order), phi: names(start.json.phi_parameter_order) };
      for (const recorded of json.steps as RecordedStep[]) {
        const k = recorded.step;
        for (const { role, step } of steps) {
          const at = `step${k}/${role}`;
          const { stepSize, varianceScale } = adamScalars(k, options);
          const result = await step(state, {
            x0: tensor(`${at}/x0`),
            noiseT: tensor(`${at}/eps_t`),
            noiseS: tensor(`${at}/eps_s`),
            s: tensor(`${at}/s`),
            t: tensor(`${at}/t`),
            stepSize: tf.scalar(stepSize),
            varianceScale: tf.scalar(varianceScale),
            emaBeta: tf.scalar(emaBeta((k - 1) * 4, 4, { halflife: 500e3, rampup: 0.05 })),
          });
          state = result.state;
          const [loss] = await result.metrics.loss.data();
          const [norm] = await result.metrics.gradNorm.data();
          const close = (ours: number, theirs: number, tolerance: number, what: string): void =>
            assert.ok(
              Math.abs(ours - theirs) < tolerance * Math.max(1, Math.abs(theirs)),
              `${at} ${what}: ${ours}, ${theirs}`,
            );
          close(loss, recorded[`${role}_loss`], 5e-5, 'loss');
          close(norm, recorded[`${role}_grad_norm`], 5e-5, 'gradient norm');
          const projected = await projection(withPrefix(`${role}/`, state), order[role as 'psi' | 'phi']);
          close(projected, recorded[`${role}_projection_no_qkv_bias`], 2e-5, 'projection');
        }
        const average = await projection(withPrefix('ema/', state), order.phi);
        assert.ok(
          Math.abs(average - recorded.ema_projection_no_qkv_bias) < 2e-5 * Math.abs(average),
          `step ${k}: average`,
        );
      }
    });
  });
