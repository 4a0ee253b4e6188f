/*
 * A training step is a pure function of named tensors: (state, batch) -> (new state, metrics), static shapes, no chance
 * and no clock inside. The state's names: `theta/...`, `phi/...`, `psi/...` parameters, `ema/...` the average of phi,
 * `phi.v`, `psi.v` (and `.m`) Adam's moments, one vector each.
 */
import * as tf from '@tensorflow/tfjs-core';
import { addPrefix, type Tensors, valueAndGradients, withPrefix } from '../compute/tensors';
import type { Role, Update } from '../methods';
import { adam, type AdamOptions, flatten, unflatten } from './adam';
import { emaUpdate } from './ema';

export type StepResult = { state: Tensors; metrics: Tensors };
export type Step = (state: Tensors, batch: Tensors) => StepResult;

const ROLES: readonly Role[] = ['theta', 'phi', 'psi'];

/** For networks whose weights are not normalised. */
const same = (parameters: Tensors): Tensors => parameters;

/** First half of a step: the gradient of loss / batch as one vector [n], over one accumulation round, and sums to report. */
export const gradientOf =
  ({ trains, loss, lossScale, normalisedWeights = same }: Update) =>
  (state: Tensors, batch: Tensors, batchSize: number): { gradient: tf.Tensor; metrics: Tensors } => {
    const roles = Object.fromEntries(ROLES.map(role => [role, withPrefix(`${role}/`, state)]));
    const start = normalisedWeights(roles[trains]);
    const { gradients, metrics } = valueAndGradients(parameters => {
      const result = loss({ ...roles, [trains]: parameters }, batch);
      return { value: tf.mul(result.value, lossScale / batchSize), metrics: result.metrics };
    }, start);
    const perSample = Object.entries(metrics).map(([name, sum]) => [name, tf.div(sum, batchSize)] as const);
    return { gradient: flatten(gradients), metrics: Object.fromEntries(perSample) };
  };

/** As SiD and EDM: NaN becomes 0, infinities +-1e5, and they are counted. */
const clean = (gradient: tf.Tensor): { gradient: tf.Tensor; nonFinite: tf.Tensor } => {
  const finite = tf.isFinite(gradient);
  const nonFinite = tf.sum(tf.cast(tf.logicalNot(finite), 'float32'));
  const limited = tf.clipByValue(tf.where(tf.isNaN(gradient), tf.zerosLike(gradient), gradient), -1e5, 1e5);
  return { gradient: tf.where(finite, gradient, limited), nonFinite };
};

/**
 * Second half: Adam on `role`, then the moving average if phi was trained. `scalars` holds rank-0 tensors `stepSize`,
 * `varianceScale` and, for phi, `emaBeta`. Entries of the state that do not change are passed on as they are.
 */
export const applyGradient = (
  role: Role,
  state: Tensors,
  rawGradient: tf.Tensor,
  scalars: Tensors,
  options: AdamOptions,
  normalisedWeights: NonNullable<Update['normalisedWeights']> = same,
): StepResult => {
  const { gradient, nonFinite } = clean(rawGradient);
  const parameters = normalisedWeights(withPrefix(`${role}/`, state));
  const moments = { m: options.beta1 > 0 ? state[`${role}.m`] : undefined, v: state[`${role}.v`] };
  const { stepSize, varianceScale, emaBeta } = scalars;
  const next = adam(gradient, moments, { stepSize, varianceScale }, options);
  const changes = unflatten(next.change, parameters);
  const updated = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, tf.add(value, changes[name])]),
  );
  const ema = role === 'phi' ? emaUpdate(withPrefix('ema/', state), updated, emaBeta) : {};
  return {
    state: {
      ...state,
      ...addPrefix(`${role}/`, updated),
      ...addPrefix('ema/', ema),
      ...(next.moments.m ? { [`${role}.m`]: next.moments.m } : {}),
      [`${role}.v`]: next.moments.v,
    },
    metrics: { nonFinite, gradNorm: tf.sqrt(tf.sum(tf.square(gradient))) },
  };
};

/**
 * A whole step for a batch that fits into memory: gradient and update in one pure function. `batch` holds the update's
 * drawn inputs together with `stepSize`, `varianceScale` and `emaBeta`.
 */
export const trainingStep =
  (update: Update, options: AdamOptions, batchSize: number): Step =>
  (state, batch) => {
    const { gradient, metrics } = gradientOf(update)(state, batch, batchSize);
    const applied = applyGradient(update.trains, state, gradient, batch, options, update.normalisedWeights);
    return { state: applied.state, metrics: { ...metrics, ...applied.metrics } };
  };

/** The state that a run starts from: parameter sets by role, phi's average a copy of phi, moments 0. The caller owns it. */
export const initialState = (
  roles: Partial<Record<Role, Tensors>>,
  trained: readonly Role[],
  { beta1 }: AdamOptions,
): Tensors => {
  const state: Tensors = {};
  for (const [role, tensors] of Object.entries(roles)) Object.assign(state, addPrefix(`${role}/`, tensors));
  for (const [name, t] of Object.entries(roles.phi ?? {})) state[`ema/${name}`] = tf.clone(t);
  for (const role of trained) {
    const size = Object.values(roles[role] ?? {}).reduce((sum, t) => sum + t.size, 0);
    state[`${role}.v`] = tf.zeros([size]);
    if (beta1 > 0) state[`${role}.m`] = tf.zeros([size]);
  }
  return state;
};
