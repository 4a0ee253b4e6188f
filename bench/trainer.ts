import * as tf from '@tensorflow/tfjs-core';
import { normal } from '../src/compute/noise';
import { addPrefix, type Tensors, withPrefix } from '../src/compute/tensors';
import type { Method, Role } from '../src/losses';
import { auxiliaryOf, type Denoiser, freshParameters } from '../src/networks';
import type { AdamOptions } from '../src/training/adam';
import { adamScalars } from '../src/training/adam';
import { emaBeta } from '../src/training/ema';
import { initialState, trainingStep } from '../src/training/step';
import { type Case, denoiserOf, EMA, methodOf, noiseData } from './cases';

/** Our side of a case: its state on the current backend, one fixed batch an update, and the step. */
export type Trainer = {
  method: Method;
  state: () => Tensors;
  batches: Record<string, Tensors>; // by the role that the update trains
  step: () => Promise<Record<string, number>>; // one iteration; the losses by role, read back
  dispose: () => void;
};

/** Fresh weights, moved by noise so that no layer starts near zero. */
const weights = (denoiser: Denoiser, seed: number): Tensors =>
  tf.tidy(() => {
    const fresh = Object.entries(freshParameters(denoiser, seed));
    return Object.fromEntries(
      fresh.map(([name, t]) => {
        const noise = normal({ seed, stream: `bench/${name}` }, t.size).map(z => 0.05 * z);
        return [name, tf.add(t, tf.tensor(noise, t.shape))];
      }),
    );
  });

export const makeTrainer = (which: Case, options: AdamOptions): Trainer => {
  const denoiser = denoiserOf(which);
  const method = methodOf(which);
  const roles: Partial<Record<Role, Tensors>> = { phi: weights(denoiser, 1) };
  if (which.method === 'cosim') {
    roles.theta = weights(denoiser, 2);
    roles.psi = weights(auxiliaryOf(denoiser), 3);
  }
  const slice = { seed: 1, step: 0, batch: which.batch, first: 0, count: which.batch };
  const batches: Record<string, Tensors> = {};
  for (const { trains, draw } of method.updates) {
    const drawn = Object.entries(draw(noiseData(denoiser), slice));
    batches[trains] = Object.fromEntries(drawn.map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]));
  }
  const updates = method.updates.map(update => ({
    role: update.trains,
    apply: trainingStep(update, options, which.batch),
  }));
  let state = initialState(
    roles,
    updates.map(({ role }) => role),
    options,
  );
  let done = 0;

  const step = async (): Promise<Record<string, number>> => {
    const losses: Record<string, number> = {};
    const scalars = { ...adamScalars(done + 1, options), emaBeta: emaBeta(done * which.batch, which.batch, EMA) };
    for (const { role, apply } of updates) {
      const { state: next, metrics } = tf.tidy(() => {
        const inputs = Object.entries(scalars).map(([name, value]) => [name, tf.scalar(value)]);
        return apply(state, { ...batches[role], ...(Object.fromEntries(inputs) as Tensors) });
      });
      for (const [name, t] of Object.entries(state)) if (next[name] !== t) t.dispose();
      state = next;
      [losses[role]] = await metrics.loss.data(); // waits for the device, as PyTorch's loss.item()
      tf.dispose(metrics);
    }
    done++;
    return losses;
  };
  return { method, state: () => state, batches, step, dispose: () => tf.dispose([state, batches]) };
};

/** All that PyTorch needs to start where we start: ROLE/NAME and batch/ROLE/NAME. */
export const startOf = ({ method, state, batches }: Trainer): { parameters: Tensors; batches: Tensors } => {
  let parameters: Tensors = {};
  for (const role of Object.keys(method.denoisers))
    parameters = { ...parameters, ...addPrefix(`${role}/`, withPrefix(`${role}/`, state())) };
  let inputs: Tensors = {};
  for (const [role, batch] of Object.entries(batches)) inputs = { ...inputs, ...addPrefix(`batch/${role}/`, batch) };
  return { parameters, batches: inputs };
};
