import type * as tf from '@tensorflow/tfjs-core';
import type { ParameterSpec, Tensors } from './parameters';
import type { Conditioning } from './time-embedding';

/** What the raw network sees, after preconditioning. */
export type NetworkInput = {
  /** c_in x, [B, ...sampleShape]. */
  x: tf.Tensor;
  /** [B]. */
  cNoise: tf.Tensor;
  /** [B], the auxiliary's second time. */
  cNoiseT?: tf.Tensor;
  conditioning: Conditioning;
  /** Uniform noise by layer name: training mode. */
  dropoutNoise?: Tensors;
};

/** An architecture: its parameters and a pure function over them. */
export type Network = {
  /** Rebuilds the network, JSON. */
  config: { kind: string } & Record<string, unknown>;
  /** [H, W, C] or [d]. */
  sampleShape: readonly number[];
  /** 0: unconditional. */
  classes: number;
  parameters: readonly ParameterSpec[];
  /** Layers with dropout and their shape a sample. */
  dropout: readonly { name: string; shape: readonly number[] }[];
  /** [B, ...sampleShape], or more channels for iDDPM. */
  apply: (parameters: Tensors, input: NetworkInput) => tf.Tensor;
  /** EDM2's head: c_noise [B] to the predicted log variance of the loss, [B]. */
  logvar?: (parameters: Tensors, cNoise: tf.Tensor) => tf.Tensor;
  /**
   * EDM2's forced weight normalisation: the parameters that a training step starts from in place of the stored ones, at
   * which it takes the gradient and which its optimiser changes. Only for the network being trained; not for the second
   * time's branch, whose silent start it would lift to full magnitude after one update.
   */
  normalisedWeights?: (parameters: Tensors) => Tensors;
};
