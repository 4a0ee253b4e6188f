import type { Shape } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, withDefaults } from '../compute/check';
import type { TensorFunction } from '../compute/graph';
import { normal } from '../compute/noise';
import { eagerReason } from '../compute/engine-choice';
import { type Arrays, compile, type Compiled } from '../compute/onnx';
import { addPrefix, type Tensors, valueAndGradients, withPrefix } from '../compute/tensors';
import { digits, networkUnits, trainingIndices } from '../datasets';
import { digitAutoencoder, initialParameters } from '../networks';
import { adam, type AdamOptions, adamScalars, flatten, type Step, unflatten } from '../training';

/** How the shipped autoencoder was made; `npm run teacher -- autoencoder` makes it again. */
export const AUTOENCODER = {
  seed: 0, // of the drawn digits, the initial parameters and the noise
  images: 76_800, // trained on this many, each seen once
  batch: 64,
  noise: 0.1, // deviation of the noise that raw latents get before they are decoded: small changes must not matter
  pull: 1e-3, // weight of the mean square of raw latents, which would grow against that noise
};

/** The learning rate is the first step's; it falls to 0 along half a cosine. */
export const AUTOENCODER_ADAM: AdamOptions = { learningRate: 2e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 };

/**
 * One step on mean square error + pull * mean square of the latents, pure. State: parameters `p/...`, Adam's `m` and `v`.
 * Batch: `x` [B, 32, 32, 1] in [-1, 1], `noise` [B, 8, 8, 4] to add to the raw latents, rank-0 `stepSize` and
 * `varianceScale`. Reports the batch's `error`, the mean square error, and `latent`, the mean square of its latents.
 */
const autoencoderStep =
  (pull: number): Step =>
  (state, { x, noise, stepSize, varianceScale }) => {
    const parameters = withPrefix('p/', state);
    const { metrics, gradients } = valueAndGradients(p => {
      const latents = digitAutoencoder.encode(p, x);
      const error = tf.mean(tf.squaredDifference(digitAutoencoder.decode(p, tf.add(latents, noise)), x));
      const latent = tf.mean(tf.square(latents));
      return { value: tf.add(error, tf.mul(latent, pull)), metrics: { error, latent } };
    }, parameters);
    const { m, v } = state;
    const { change, moments } = adam(flatten(gradients), { m, v }, { stepSize, varianceScale }, AUTOENCODER_ADAM);
    const changes = unflatten(change, parameters);
    const updated: Tensors = {};
    for (const [name, value] of Object.entries(parameters)) updated[name] = tf.add(value, changes[name]);
    return { state: { ...addPrefix('p/', updated), ...moments }, metrics };
  };

/** A function of named arrays: compiled where ONNX Runtime computes, else each call on the backend in use. */
const onArrays = async (f: TensorFunction, shapes: Record<string, Shape>): Promise<Compiled> => {
  if (eagerReason('auto') === undefined) return compile(f, { shapes });
  const call = async (arrays: Arrays): Promise<Arrays> => {
    const tensorOf = ([name, shape]: [string, Shape]) => [name, tf.tensor(arrays[name], [...shape])] as const;
    const results = tf.tidy(() => f(Object.fromEntries(Object.entries(shapes).map(tensorOf))));
    const read = Object.entries(results).map(async ([name, t]) => [name, await t.data<'float32'>()] as const);
    const values = Object.fromEntries(await Promise.all(read));
    tf.dispose(results);
    return values;
  };
  return Object.assign(call, { dispose: () => Promise.resolve() });
};

const STATE = 'state/';

/** Parameters, m and v as arrays, and their shapes. */
const initialState = async (seed: number): Promise<{ state: Arrays; shapes: Record<string, Shape> }> => {
  const parameters = initialParameters(digitAutoencoder.parameters, seed);
  const size = Object.values(parameters).reduce((sum, t) => sum + t.size, 0);
  const [state, shapes]: [Arrays, Record<string, Shape>] = [{}, {}];
  for (const [name, t] of Object.entries(parameters)) {
    state[`${STATE}p/${name}`] = await t.data<'float32'>();
    shapes[`${STATE}p/${name}`] = t.shape;
  }
  tf.dispose(parameters);
  for (const moment of ['m', 'v']) {
    state[STATE + moment] = new Float32Array(size);
    shapes[STATE + moment] = [size];
  }
  return { state, shapes };
};

export type AutoencoderTraining = Partial<typeof AUTOENCODER> & {
  /** After every step. */
  onStep?: (progress: { step: number; images: number; error: number; latent: number }) => void;
  /** Stops between steps by throwing the signal's reason. */
  signal?: AbortSignal;
};

/**
 * Trains the autoencoder on the training split of the drawn digits at 32 x 32, by default as the shipped one was. The
 * caller owns the parameters.
 * @throws ArgumentError for options out of range; the signal's reason when stopped
 */
export const trainAutoencoder = async ({ onStep, signal, ...options }: AutoencoderTraining = {}): Promise<Tensors> => {
  const where = 'trainAutoencoder';
  const { seed, images, batch, noise, pull } = withDefaults(where, options, AUTOENCODER);
  expectInteger(where, 'batch', batch, { min: 1 });
  expectInteger(where, 'images', images, { min: batch });
  for (const [name, value] of Object.entries({ noise, pull })) expectNumber(where, name, value, { min: 0 });
  const { imageShape, latentShape, parameters } = digitAutoencoder;
  const dataset = digits({ seed, split: 'train', resolution: imageShape[0] });
  const steps = Math.floor(images / batch);
  const { state: start, shapes } = await initialState(seed);
  const inputs = { x: [batch, ...imageShape], noise: [batch, ...latentShape], stepSize: [], varianceScale: [] };
  const step = await onArrays(
    ({ x, noise: n, stepSize, varianceScale, ...state }) => {
      const next = autoencoderStep(pull)(withPrefix(STATE, state), { x, noise: n, stepSize, varianceScale });
      return { ...addPrefix(STATE, next.state), ...next.metrics };
    },
    { ...shapes, ...inputs },
  );
  let state = start;
  const size = latentShape.reduce((product, d) => product * d, batch);
  try {
    for (let i = 0; i < steps; i++) {
      signal?.throwIfAborted();
      const { x } = await dataset.batch(trainingIndices(dataset, { seed, step: i, batch }));
      const learningRate = (AUTOENCODER_ADAM.learningRate * (1 + Math.cos((Math.PI * i) / steps))) / 2;
      const { stepSize, varianceScale } = adamScalars(i + 1, { ...AUTOENCODER_ADAM, learningRate });
      const { error, latent, ...next } = await step({
        ...state,
        x: networkUnits(x),
        noise: normal({ seed, stream: 'autoencoder.noise', step: i }, size).map(z => noise * z),
        stepSize: Float32Array.of(stepSize),
        varianceScale: Float32Array.of(varianceScale),
      });
      state = next;
      onStep?.({ step: i + 1, images: (i + 1) * batch, error: error[0], latent: latent[0] });
      await new Promise(resolve => setImmediate(resolve)); // lets an interrupt in
    }
  } finally {
    await step.dispose();
  }
  return Object.fromEntries(
    parameters.map(({ name, shape }) => [name, tf.tensor(state[`${STATE}p/${name}`], [...shape])]),
  );
};
