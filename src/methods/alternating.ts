import * as tf from '@tensorflow/tfjs-core';
import { detached, type Tensors, withPrefix } from '../compute/tensors';
import type { LossInputs } from '../losses';
import type { Denoiser } from '../networks';
import { dropoutInputs, type Inputs } from './inputs';
import type { Update } from './method';

/** The three networks within one loss: the trained one in training mode, the others in evaluation mode. */
export type Networks = {
  G: (x: tf.Tensor, t: tf.Tensor) => tf.Tensor;
  D: (x: tf.Tensor, s: tf.Tensor) => tf.Tensor;
  F: (x: tf.Tensor, s: tf.Tensor, t?: tf.Tensor) => tf.Tensor;
  /** G in evaluation mode and without gradient. */
  simulate: (x: tf.Tensor, t: tf.Tensor) => tf.Tensor;
};

/** A distillation method: how samples arise, and what both networks minimise on them. */
export type Distillation = {
  teacher: Denoiser;
  generator: Denoiser;
  auxiliary: Denoiser;
  /** Updates of psi to one of phi, default 1. */
  psiSteps?: number;
  /** Data, times and noise of an update, without dropout's. */
  inputs: (role: 'psi' | 'phi') => Inputs;
  forward: (networks: Networks, batch: Tensors) => LossInputs;
  /** Loss of the auxiliary, per element. */
  psiLoss: (matched: LossInputs) => tf.Tensor;
  /** Loss of the generator, per element. */
  phiLoss: (matched: LossInputs) => tf.Tensor;
};

type Trained = 'psi' | 'phi';

const networksOf = (
  { teacher, generator, auxiliary }: Distillation,
  { theta = {}, phi = {}, psi = {} }: Parameters<Update['loss']>[0],
  batch: Tensors,
  trained: Trained,
): Networks => {
  const { labels } = batch;
  const noise = withPrefix('dropout/', batch);
  const dropoutNoise = (role: Trained): Tensors | undefined => (role === trained ? noise : undefined);
  return {
    G: (x, t) => generator.denoise(phi, x, t, { labels, dropoutNoise: dropoutNoise('phi') }),
    D: (x, s) => teacher.denoise(theta, x, s, { labels: teacher.classes > 0 ? labels : undefined }),
    F: (x, s, t) => auxiliary.denoise(psi, x, s, { t, labels, dropoutNoise: dropoutNoise('psi') }),
    simulate: (x, t) => detached(() => generator.denoise(phi, x, t, { labels })),
  };
};

/** The two updates of a distillation, psi's first ([C] as in SiD), each with its own data, times and noise. */
export const alternating = (method: Distillation): readonly Update[] => {
  const { auxiliary, generator, psiSteps = 1 } = method;
  const matched = (trained: Trained, roles: Parameters<Update['loss']>[0], batch: Tensors): LossInputs =>
    method.forward(networksOf(method, roles, batch, trained), batch);
  const inputs = (role: Trained, network: Denoiser): Inputs => ({
    ...method.inputs(role),
    ...dropoutInputs(role, network),
  });
  return [
    {
      trains: 'psi',
      repeats: psiSteps,
      lossScale: 1,
      normalisedWeights: auxiliary.normalisedWeights,
      inputs: inputs('psi', auxiliary),
      loss: (roles, batch) => {
        const value = tf.sum(method.psiLoss(matched('psi', roles, batch)));
        return { value, metrics: { loss: value } };
      },
    },
    {
      trains: 'phi',
      lossScale: 100, // SiD's, irrelevant to Adam but for eps
      normalisedWeights: generator.normalisedWeights,
      inputs: inputs('phi', generator),
      loss: (roles, batch) => {
        const found = matched('phi', roles, batch);
        const value = tf.sum(method.phiLoss(found));
        // The loss itself tells little (it may be negative): the gap between the two score networks tells more.
        return { value, metrics: { loss: value, scoreGap: tf.sum(tf.squaredDifference(found.D, found.F)) } };
      },
    },
  ];
};
