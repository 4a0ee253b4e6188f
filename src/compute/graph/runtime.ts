/* ONNX Runtime: optional, guarded, and whether it is what computes. */
import * as tf from '@tensorflow/tfjs-core';
import type * as Ort from 'onnxruntime-node';

export type OrtModule = typeof Ort;

let loaded: { ort: OrtModule } | { reason: string } | undefined;

const load = (): { ort: OrtModule } | { reason: string } => {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- optional and synchronous: absence is normal
    return { ort: require('onnxruntime-node') as OrtModule };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const absent = code === 'MODULE_NOT_FOUND';
    return { reason: absent ? 'onnxruntime-node is not installed (optional)' : message.split('\n')[0] };
  }
};

/** Why ONNX Runtime cannot be used here; undefined where it can. */
export const runtimeProblem = (): string | undefined => {
  loaded ??= load();
  return 'reason' in loaded ? loaded.reason : undefined;
};

/** @throws Error with the reason when onnxruntime-node is absent or does not load. */
export const runtime = (): OrtModule => {
  loaded ??= load();
  if ('reason' in loaded) throw new Error(`ONNX Runtime is not available: ${loaded.reason}`);
  return loaded.ort;
};

/** One thread, no spinning, no memory plan: several sessions share a machine, each in a worker of its own. */
export const SESSION_OPTIONS: Ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableCpuMemArena: true,
  enableMemPattern: false,
  graphOptimizationLevel: 'disabled', // models come optimised: the runtime's own pass takes time and gains nothing
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
};

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
