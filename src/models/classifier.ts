import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensors } from '../checkpoints';
import { expectInteger, withDefaults } from '../compute/check';
import { addPrefix, type Tensors, valueAndGradients, withPrefix } from '../compute/tensors';
import { digits, indexRange, networkUnits, trainingIndices } from '../datasets';
import { classify, digitClassifier } from '../features';
import { classification, type ClassificationReport } from '../metrics';
import { initialParameters, matchParameters } from '../networks';
import { adam, type AdamOptions, adamScalars, flatten, type Step, unflatten } from '../training';
import { TEACHER_FOLDER } from './teacher-folder';

/** How the shipped classifier was made; `npm run teacher -- classifier` makes it again. */
export const CLASSIFIER = {
  seed: 0, // of the drawn digits and of the initial parameters
  images: 192_000, // trained on this many, each seen once
  batch: 64,
};

/** Where the shipped classifier's weights lie; its card lies beside them. */
export const CLASSIFIER_FILE = join(TEACHER_FOLDER, 'digit-classifier.safetensors');

/** The learning rate is the first step's; it falls to 0 along half a cosine. */
export const CLASSIFIER_ADAM: AdamOptions = { learningRate: 2e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 };

/**
 * One step on the softmax cross-entropy, pure. State: parameters `p/...`, Adam's `m` and `v`. Batch: `x` [B, 16, 16, 1],
 * one-hot `labels` [B, 10], rank-0 `stepSize` and `varianceScale`. Reports `loss`, the batch's mean in nats.
 */
export const classifierStep: Step = (state, { x, labels, stepSize, varianceScale }) => {
  const parameters = withPrefix('p/', state);
  const { value: loss, gradients } = valueAndGradients(p => {
    const { logits } = digitClassifier.logits(p, x);
    return { value: tf.losses.softmaxCrossEntropy(labels, logits), metrics: {} };
  }, parameters);
  const { m, v } = state;
  const { change, moments } = adam(flatten(gradients), { m, v }, { stepSize, varianceScale }, CLASSIFIER_ADAM);
  const changes = unflatten(change, parameters);
  const updated: Tensors = {};
  for (const [name, value] of Object.entries(parameters)) updated[name] = tf.add(value, changes[name]);
  return { state: { ...addPrefix('p/', updated), ...moments }, metrics: { loss } };
};

const initialState = (seed: number): Tensors => {
  const parameters = initialParameters(digitClassifier.parameters, seed);
  const size = Object.values(parameters).reduce((sum, t) => sum + t.size, 0);
  return { ...addPrefix('p/', parameters), m: tf.zeros([size]), v: tf.zeros([size]) };
};

export type ClassifierTraining = Partial<typeof CLASSIFIER> & {
  /** After every step; loss in nats. */
  onStep?: (progress: { step: number; images: number; loss: number }) => void;
  /** Stops between steps by throwing the signal's reason. */
  signal?: AbortSignal;
};

/**
 * Trains the digit classifier on the training split of the drawn digits, by default as the shipped one was. The caller
 * owns the parameters.
 * @throws ArgumentError for options out of range; the signal's reason when stopped, leaving no tensor behind
 */
export const trainClassifier = async ({ onStep, signal, ...options }: ClassifierTraining = {}): Promise<Tensors> => {
  const { seed, images, batch } = withDefaults('trainClassifier', options, CLASSIFIER);
  expectInteger('trainClassifier', 'batch', batch, { min: 1 });
  expectInteger('trainClassifier', 'images', images, { min: batch });
  const dataset = digits({ seed, split: 'train' });
  const steps = Math.floor(images / batch);
  let state = initialState(seed);
  try {
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const { x, labels } = await dataset.batch(trainingIndices(dataset, { seed, step, batch }));
      const learningRate = (CLASSIFIER_ADAM.learningRate * (1 + Math.cos((Math.PI * step) / steps))) / 2;
      const scalars = adamScalars(step + 1, { ...CLASSIFIER_ADAM, learningRate });
      const before = state;
      const { metrics, ...next } = tf.tidy(() =>
        classifierStep(before, {
          x: tf.tensor(networkUnits(x), [batch, ...dataset.sampleShape]),
          labels: tf.cast(tf.oneHot(tf.tensor1d(labels), dataset.classes), 'float32'), // oneHot's own float32 is wrong on wasm
          stepSize: tf.scalar(scalars.stepSize),
          varianceScale: tf.scalar(scalars.varianceScale),
        }),
      );
      state = next.state;
      tf.dispose(before);
      const [loss] = (await metrics.loss.data()) as Float32Array;
      tf.dispose(metrics);
      onStep?.({ step: step + 1, images: (step + 1) * batch, loss });
      await new Promise(resolve => setImmediate(resolve)); // lets an interrupt in
    }
  } catch (error) {
    tf.dispose(state);
    throw error;
  }
  tf.dispose([state.m, state.v]);
  return withPrefix('p/', state);
};

/**
 * How well a classifier names the first `n` drawn digits of a seed's test split, which shares no random number with the
 * training split.
 */
export const evaluateClassifier = async (
  parameters: Tensors,
  options: { seed?: number; n?: number } = {},
): Promise<ClassificationReport> => {
  const { seed, n } = withDefaults('evaluateClassifier', options, { seed: 0, n: 10_000 });
  expectInteger('evaluateClassifier', 'n', n, { min: 1 });
  const { x, labels } = await digits({ seed, split: 'test' }).batch(indexRange(n));
  const { logits } = await classify(parameters, networkUnits(x), n);
  return classification(logits, labels);
};

/**
 * Parameters of the shipped classifier, for `classify`. The caller owns them.
 * @throws CheckpointError for a damaged file; Node's error for a missing one
 */
export const loadClassifier = async (): Promise<Tensors> => {
  const { tensors } = await loadTensors(CLASSIFIER_FILE);
  return matchParameters('loadClassifier', digitClassifier.parameters, tensors);
};
