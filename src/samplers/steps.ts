/* What a sampler does, apart from where it is computed: on the host step by step, or on a device as one program a kind. */
import type * as tf from '@tensorflow/tfjs-core';

/** A noise level or a weight: a number, or a scalar where a step is compiled for all of them. */
export type Level = number | tf.Scalar;

/** One step of a sampler. Steps of one kind differ in their numbers and their noise only. */
export type Step = {
  /** What `next` does, where a sampler does several things. */
  kind?: string;
  /** Levels and weights, float64: as many in every step of a kind. */
  numbers: readonly number[];
  /** Which standard normal noise of a seed it adds. Without one it adds none, and the weight of the noise is 0. */
  noise?: number;
};

/** D(x, sigma) at one noise level for the whole batch, with its labels. */
export type DenoiseAt = (x: tf.Tensor, level: Level) => tf.Tensor;

/** What a step is made from. */
type StepInput = {
  kind?: string;
  denoise: DenoiseAt;
  numbers: readonly Level[];
  /** [n, ...sampleShape], where the step adds some. */
  noise?: tf.Tensor;
};

/** A sampler for one batch: x ~ N(0, start^2), from noise 0 of the seeds; then each of the steps. */
export type Steps = {
  start: number;
  /** Network calls in all. */
  calls: number;
  steps: readonly Step[];
  next: (x: tf.Tensor, given: StepInput) => tf.Tensor;
};
