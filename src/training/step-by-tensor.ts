/*
 * The second half of a step with every parameter, moment and average a tensor of its own, which is how an accelerator
 * holds them: nothing is cut out of long vectors. The same numbers as `applyGradient`'s.
 */
import * as tf from '@tensorflow/tfjs-core';
import { addPrefix, type Tensors, withPrefix } from '../compute/tensors';
import type { Role, Update } from '../methods';
import { adam, type AdamOptions, flatten } from './adam';
import { emaUpdate } from './ema';
import { clean } from './step';

/**
 * Adam on `role`, then the moving average if phi was trained. The state's names: `phi/...`, `ema/...`, and moments
 * `phi.v/...`, `phi.m/...` by parameter; `scalars` as in `applyGradient`. Gives what changes, and `nonFinite`, `gradNorm`.
 */
export const applyGradients = (
  role: Role,
  state: Tensors,
  gradients: Tensors,
  { stepSize, varianceScale, emaBeta }: Tensors,
  options: AdamOptions,
  forced: NonNullable<Update['normalisedWeights']> = parameters => parameters,
): { state: Tensors; metrics: Tensors } => {
  const [updated, firsts, seconds]: Tensors[] = [{}, {}, {}];
  for (const [name, parameter] of Object.entries(forced(withPrefix(`${role}/`, state)))) {
    const before = { m: options.beta1 > 0 ? state[`${role}.m/${name}`] : undefined, v: state[`${role}.v/${name}`] };
    const { gradient } = clean(gradients[name]);
    const { change, moments } = adam(gradient, before, { stepSize, varianceScale }, options);
    updated[name] = tf.add(parameter, change);
    seconds[name] = moments.v;
    if (moments.m) firsts[name] = moments.m;
  }
  const ema = role === 'phi' ? emaUpdate(withPrefix('ema/', state), updated, emaBeta) : {};
  // one reduction over all of them, not one for every tensor: small ones cost an accelerator as much as large ones
  const { gradient, nonFinite } = clean(flatten(gradients));
  return {
    state: {
      ...addPrefix(`${role}/`, updated),
      ...addPrefix('ema/', ema),
      ...addPrefix(`${role}.v/`, seconds),
      ...addPrefix(`${role}.m/`, firsts),
    },
    metrics: { nonFinite, gradNorm: tf.sqrt(tf.sum(tf.square(gradient))) },
  };
};
