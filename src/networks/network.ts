import type * as tf from '@tensorflow/tfjs-core';
import type { ParameterSpec, Tensors } from './parameters';
import type { Conditioning } from './time-embedding';

/** What the raw network sees, after preconditioning. */
export type NetworkInput = {
  x: tf.Tensor; // c_in x, [B, ...sampleShape]
  cNoise: tf.Tensor; // [B]
  cNoiseT?: tf.Tensor; // [B], the auxiliary's second time
  conditioning: Conditioning;
  dropoutNoise?: Tensors; // uniform noise by layer name: training mode
};

/** An architecture: its parameters and a pure function over them. */
export type Network = {
  config: { kind: string } & Record<string, unknown>; // rebuilds the network, JSON
  sampleShape: readonly number[]; // [H, W, C] or [d]
  classes: number; // 0: unconditional
  parameters: readonly ParameterSpec[];
  dropout: readonly { name: string; shape: readonly number[] }[]; // layers with dropout and their shape a sample
  apply: (parameters: Tensors, input: NetworkInput) => tf.Tensor; // [B, ...sampleShape], or more channels for iDDPM
  /** EDM2's head: c_noise [B] to the predicted log variance of the loss, [B]. */
  logvar?: (parameters: Tensors, cNoise: tf.Tensor) => tf.Tensor;
  /**
   * EDM2's forced weight normalisation: the parameters that a training step starts from in place of the stored ones, at
   * which it takes the gradient and which its optimiser changes. Only for the network being trained; not for the second
   * time's branch, whose silent start it would lift to full magnitude after one update.
   */
  forced?: (parameters: Tensors) => Tensors;
};
