import * as tf from '@tensorflow/tfjs-core';
import { fail } from './check';

/** Named tensors: parameters, optimiser state, one batch. */
export type Tensors = Record<string, tf.Tensor>;

/** Copies of all tensors under the same names (data shared until one is disposed); the caller owns them. */
export const cloneTensors = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, tf.clone(t)]));

/** Those of `tensors` whose names start with `prefix`, under the rest of their names. */
export const withPrefix = (prefix: string, tensors: Tensors): Tensors => {
  const result: Tensors = {};
  for (const name of Object.keys(tensors))
    if (name.startsWith(prefix)) result[name.slice(prefix.length)] = tensors[name];
  return result;
};

/** `tensors` with `prefix` before every name. */
export const addPrefix = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [prefix + name, t]));

/** The value of `f`, a constant for the gradient: what it computes is not recorded, so nothing is computed backward. */
export const detached = (f: () => tf.Tensor): tf.Tensor => tf.customGrad(() => ({ value: f(), gradFunc: () => [] }))();

/** A constant for the gradient: the value of x, from which nothing flows back. */
export const stopGradient = (x: tf.Tensor): tf.Tensor => detached(() => tf.clone(x));

/**
 * Refuses numbers that no computation should start from.
 * @throws ArgumentError naming the first tensor with a NaN or an infinity
 */
export const expectFinite = async (where: string, tensors: Tensors): Promise<void> => {
  for (const [name, tensor] of Object.entries(tensors)) {
    const values = await tensor.data();
    const at = values.findIndex(value => !Number.isFinite(value));
    if (at >= 0) fail(where, `values of '${name}'`, 'finite', values[at]);
  }
};

/** A scalar with tensors to report beside it. */
export type ValueAndMetrics = { value: tf.Tensor; metrics: Tensors };

/**
 * The scalar f(x), its gradient with respect to every tensor of `x`, and the metrics that f reports on the way.
 * A tensor that f does not use gets a zero gradient. The caller owns all results.
 */
export const valueAndGradients = (
  f: (x: Tensors) => ValueAndMetrics,
  x: Tensors,
): ValueAndMetrics & { gradients: Tensors } => {
  const names = Object.keys(x);
  let kept: Tensors = {};
  const { value, grads } = tf.engine().gradients(
    () => {
      const result = f(x);
      kept = Object.fromEntries(Object.entries(result.metrics).map(([name, t]) => [name, tf.keep(tf.clone(t))]));
      return result.value;
    },
    names.map(name => x[name]),
    undefined,
    true,
  );
  const metrics = cloneTensors(kept); // owned by the caller's scope, unlike kept tensors
  for (const t of Object.values(kept)) t.dispose();
  const gradients: Tensors = {};
  names.forEach((name, i) => (gradients[name] = grads[i] ?? tf.zerosLike(x[name])));
  return { value, metrics, gradients };
};
