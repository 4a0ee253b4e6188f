/* Whether ONNX Runtime is what computes. */
import * as tf from '@tensorflow/tfjs-core';
import { runtimeProblem } from './runtime';

/** What computes: a traced function compiled for ONNX Runtime, TensorFlow.js itself, or whichever is best here. */
export const ENGINES = ['auto', 'compiled', 'eager'] as const;
export type EngineName = (typeof ENGINES)[number];

/**
 * Why `engine` means TensorFlow.js here; undefined where it means compiled. The environment variable COSIM_ENGINE decides
 * for `auto`; a GPU's backend is used as it is.
 * @throws Error when the compiled engine is asked for and cannot be had.
 */
export const eagerReason = (engine: EngineName): string | undefined => {
  const backend = tf.getBackend();
  const asked = engine === 'auto' ? process.env.COSIM_ENGINE : engine;
  if (asked === 'eager') return 'asked for';
  const problem = runtimeProblem();
  if (asked === 'compiled' && problem !== undefined)
    throw new Error(`the compiled engine is not available: ${problem}`);
  if (asked !== 'compiled' && backend !== 'wasm' && backend !== 'cpu') return `the backend ${backend} is used as it is`;
  return problem;
};
