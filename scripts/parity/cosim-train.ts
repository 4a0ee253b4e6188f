import * as tf from '@tensorflow/tfjs-core';
import { type Tensors, withPrefix } from '../../src/compute/tensors';
import { cosim } from '../../src/methods';
import { auxiliaryOf } from '../../src/networks';
import { adamScalars, emaBeta, initialState, trainingStep } from '../../src/training';
import type { Fixture, Json } from './fixture';
import { array, type Measure, scalar } from './measure';
import { inReferenceLayout, networkOf, parametersOf } from './network';

type Recorded = Record<string, number>;

/** With beta1 = 0 the key part of these biases moves by the sign of rounding noise. */
const isNoise = (name: string): boolean => name.endsWith('qkv.bias');

/** sum_i p_i sin(0.37 (i + 1)) over parameters in the reference's order and layout, without qkv biases. */
const projection = async (parameters: Tensors, order: readonly string[]): Promise<number> => {
  let [sum, i] = [0, 0];
  for (const name of order.filter(key => !isNoise(key)))
    for (const value of await inReferenceLayout(parameters[name])) sum += value * Math.sin(0.37 * ++i);
  return sum;
};

/** Relative to what float32 and float64 differ by in the record itself, and at least to a typical rounding. */
const floorOf = (single: number, double: number): number =>
  Math.max(3e-6, Math.abs(single - double) / Math.max(1, Math.abs(double)));

/** Alternating training steps: losses, gradient norms and projections of the parameters after every step, the final ones. */
export const cosimTrain = async (fixture: Fixture): Promise<Measure[]> => {
  const { json, tensor, host, names } = fixture;
  const start = await fixture.other(String(json.initial_state_from).split(' ')[0]);
  const network = networkOf(json, json.network_kwargs as Json);
  const method = cosim(network, network, { alpha: Number(json.alpha), coef: (1 + Number(json.lambda)) / 2 });
  const { beta1, beta2, eps } = json.adam as Record<'beta1' | 'beta2' | 'eps', number>;
  const options = { learningRate: Number(json.lr), beta1, beta2, eps };
  const batch = Number(json.batch);
  const roles = {
    theta: parametersOf(network, start, 'state/theta/'),
    phi: parametersOf(network, start, 'state/phi/'),
    psi: parametersOf(auxiliaryOf(network), start, 'state/psi/'),
  };
  const steps = method.updates.map(update => ({
    role: update.trains as 'psi' | 'phi',
    step: trainingStep({ ...update, lossScale: 1 }, options, batch), // the reference runs without loss scaling
  }));
  const flat = (list: unknown): string[] =>
    (list as (string | [string])[]).map(entry => (Array.isArray(entry) ? entry[0] : entry));
  const order = { psi: flat(start.json.psi_parameter_order), phi: flat(start.json.phi_parameter_order) };
  const doubles = json.steps_float64 as Recorded[];
  const measures: Measure[] = [];
  let state = initialState(roles, ['psi', 'phi'], options);
  for (const recorded of json.steps as Recorded[]) {
    const k = recorded.step;
    const compare = (key: string, ours: number): void => {
      const [theirs, double] = [recorded[key], doubles[k - 1][key]];
      const floor = floorOf(theirs, double);
      const error = Math.abs(ours - theirs) / Math.max(1, Math.abs(theirs));
      measures.push({ quantity: `step ${k}: ${key}`, error, floor });
    };
    for (const { role, step } of steps) {
      const at = (name: string): tf.Tensor => tensor(`step${k}/${role}/${name}`);
      const labels: Tensors = fixture.has(`step${k}/${role}/class_labels`) ? { labels: at('class_labels') } : {};
      const { stepSize, varianceScale } = adamScalars(k, options);
      const halflife = Number(json.ema_halflife_kimg) * 1000;
      const beta = emaBeta(recorded.cur_nimg_before, batch, { halflife, rampup: Number(json.ema_rampup_ratio) });
      const result = step(state, {
        x0: at('x0'),
        noiseT: at('eps_t'),
        noiseS: at('eps_s'),
        s: at('s'),
        t: at('t'),
        ...labels,
        stepSize: tf.scalar(stepSize),
        varianceScale: tf.scalar(varianceScale),
        emaBeta: tf.scalar(beta),
      });
      state = result.state;
      if (role === 'phi') measures.push(scalar(`step ${k}: EMA beta`, beta, recorded.ema_beta, 1e-13));
      compare(`${role}_loss`, (await result.metrics.loss.data())[0]);
      compare(`${role}_grad_norm`, (await result.metrics.gradNorm.data())[0]);
      compare(`${role}_projection_no_qkv_bias`, await projection(withPrefix(`${role}/`, state), order[role]));
    }
    compare('ema_projection_no_qkv_bias', await projection(withPrefix('ema/', state), order.phi));
  }
  for (const name of names.filter(
    key => key.startsWith('final/') && !isNoise(key) && !key.endsWith('.resample_filter'),
  )) {
    const ours = await inReferenceLayout(state[name.slice('final/'.length)]);
    measures.push(array(name, ours, host(name).data as Float32Array, 3e-6));
  }
  return measures;
};
