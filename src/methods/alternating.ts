import * as tf from '@tensorflow/tfjs-core';
import { detached, type Tensors, withPrefix } from '../compute/tensors';
import type { Dataset } from '../datasets';
import type { Denoiser } from '../networks';
import { type BatchSlice, drawDropout, type HostBatch, type Update } from './method';

/** What a method's losses are made of, all [B, ...sampleShape] but s [B]. */
export type LossInputs = {
  /** The generator's clean sample. */
  xHat: tf.Tensor;
  /** What the teacher makes of x_s. */
  D: tf.Tensor;
  /** What the auxiliary makes of x_s. */
  F: tf.Tensor;
  /** Noise level of x_s. */
  s: tf.Tensor;
};

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
  draw: (role: 'psi' | 'phi', dataset: Dataset, slice: BatchSlice) => Promise<HostBatch>;
  forward: (networks: Networks, batch: Tensors) => LossInputs;
  /** Per element. */
  psiLoss: (matched: LossInputs) => tf.Tensor;
  /** Per element. */
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
  const draw =
    (role: Trained, trained: Denoiser): Update['draw'] =>
    async (dataset, slice) => ({
      ...(await method.draw(role, dataset, slice)),
      ...drawDropout(role, slice, trained),
    });
  return [
    {
      trains: 'psi',
      repeats: psiSteps,
      lossScale: 1,
      normalisedWeights: auxiliary.normalisedWeights,
      draw: draw('psi', auxiliary),
      loss: (roles, batch) => {
        const value = tf.sum(method.psiLoss(matched('psi', roles, batch)));
        return { value, metrics: { loss: value } };
      },
    },
    {
      trains: 'phi',
      lossScale: 100, // SiD's, irrelevant to Adam but for eps
      normalisedWeights: generator.normalisedWeights,
      draw: draw('phi', generator),
      loss: (roles, batch) => {
        const found = matched('phi', roles, batch);
        const value = tf.sum(method.phiLoss(found));
        // The loss itself tells little (it may be negative): the gap between the two score networks tells more.
        return { value, metrics: { loss: value, scoreGap: tf.sum(tf.squaredDifference(found.D, found.F)) } };
      },
    },
  ];
};
