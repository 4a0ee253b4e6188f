/* An auxiliary that is trained, on drawn samples, by the library's own loss and step. */
import * as tf from '@tensorflow/tfjs-core';
import { normal, uniform } from '../../compute/noise';
import { psiLoss } from '../../losses';
import type { Update } from '../../methods';
import { edmDenoiser, initialParameters, mlp, type Tensors } from '../../networks';
import { adamScalars, initialState, trainingStep } from '../../training';
import { denoisedOf, type Line31 } from './level-on-line';
import { interpolated } from './line';

/** How a psi is trained. */
export type TrainedOptions = {
  steps: number;
  batch: number;
  seed: number;
  learningRate?: number;
  signal?: AbortSignal;
};

/** Draws (x_s, xhat, D(x_s)) for the samples of one step: xhat from its N values, by their cumulative weights. */
const drawn = (line: Line31) => {
  let sum = 0;
  const below = Float64Array.from(line.weights, w => (sum += w));
  const at = interpolated(below, line.xHat);
  const teacher = interpolated(line.x, denoisedOf(line, line.S));
  return ({ seed, step, batch }: { seed: number; step: number; batch: number }) => {
    const noise = normal({ seed, stream: 'theory.noise', step }, batch);
    const xHat = uniform({ seed, stream: 'theory.xhat', step }, batch).map(at);
    const x = xHat.map((value, i) => value + line.s * noise[i]);
    return { x, xHat, D: x.map(teacher) };
  };
};

/** A small network trained by the library's psi loss and step on drawn samples, never told Q: its score f on the grid. */
export const trainedPsi = (
  line: Line31,
  coef: number,
  { steps, batch, seed, learningRate = 4e-3, signal }: TrainedOptions,
): Float64Array | undefined => {
  const network = edmDenoiser(mlp({ dimensions: 1, width: 32, blocks: 1 }));
  const levels = (count: number): tf.Tensor => tf.fill([count], line.s);
  const update: Update = {
    trains: 'psi',
    lossScale: 1,
    inputs: {}, // samples of the line are drawn below
    loss: ({ psi = {} }, { x, xHat, D }) => {
      const s = levels(x.shape[0]);
      const value = tf.sum(psiLoss({ F: network.denoise(psi, x, s), xHat, D, s }, { coef }));
      return { value, metrics: {} };
    },
  };
  const options = { learningRate, beta1: 0.9, beta2: 0.999, eps: 1e-8 };
  const step = trainingStep(update, options, batch);
  const draw = drawn(line);
  let state = initialState({ psi: initialParameters(network.parameters, seed) }, ['psi'], options);
  for (let k = 0; k < steps && !signal?.aborted; k++) {
    const samples = draw({ seed, step: k, batch });
    const rate = learningRate * (1 - k / steps); // to zero: the last steps average the noise of the batches
    const next = tf.tidy(() => {
      const scalars = Object.entries(adamScalars(k + 1, { ...options, learningRate: rate }));
      const inputs: Tensors = Object.fromEntries(scalars.map(([name, value]) => [name, tf.scalar(value)]));
      for (const [name, values] of Object.entries(samples)) inputs[name] = tf.tensor2d(values, [batch, 1]);
      return step(state, inputs).state;
    });
    tf.dispose(Object.entries(state).flatMap(([name, t]) => (next[name] === t ? [] : [t])));
    state = next;
  }
  const F = tf.tidy(() => {
    const psi = Object.fromEntries(network.parameters.map(({ name }) => [name, state[`psi/${name}`]]));
    const x = tf.tensor2d(Float32Array.from(line.x), [line.x.length, 1]);
    return network.denoise(psi, x, levels(line.x.length)).dataSync();
  });
  tf.dispose(state);
  return signal?.aborted ? undefined : line.x.map((x, j) => (F[j] - x) / line.s ** 2);
};
