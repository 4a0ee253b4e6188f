/* ONNX Runtime: optional, guarded, and what its processor can do. */
import * as tf from '@tensorflow/tfjs-core';
import type * as Ort from 'onnxruntime-node';
import { BLOCKED } from './onnx-builder';
import { encodeOnnx } from './onnx-file';
import { PORTABLE, type Target } from './lowering';

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

let probing: Promise<number> | undefined;

/** Where the second channel's block begins after a reordering tells the block's size. */
const probe = async (): Promise<number> => {
  const { InferenceSession, Tensor } = runtime();
  const shape = [1, 32, 1, 2];
  const value = (name: string) => ({ name, type: 'float32' as const, shape });
  const model = encodeOnnx({
    nodes: [{ op: 'ReorderInput', domain: BLOCKED, inputs: ['x'], outputs: ['y'], attributes: {} }],
    inputs: [value('x')],
    outputs: [value('y')],
    initializers: [],
  });
  try {
    const session = await InferenceSession.create(model, { ...SESSION_OPTIONS, logSeverityLevel: 4 });
    const x = Float32Array.from({ length: 64 }, (_, i) => i); // channel c has 2c, 2c + 1
    const { y } = await session.run({ x: new Tensor('float32', x, shape) });
    await session.release();
    const second = (y.data as Float32Array).indexOf(1); // the second pixel of channel 0 follows one block
    return second === 8 || second === 16 ? second : 0;
  } catch {
    return 0;
  }
};

/** Channels in a block of this processor's blocked convolutions: 8, 16, or 0 where there are none. */
export const probeBlock = (): Promise<number> => (probing ??= probe());

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

/** The lowerings to choose from: what the processor is best at, or standard ONNX only. */
export const LOWERINGS = ['auto', 'blocked', 'portable'] as const;
export type LoweringName = (typeof LOWERINGS)[number];

/**
 * What to lower for on this machine; the environment variable COSIM_LOWERING overrides `auto`.
 * @throws Error when blocked convolutions are asked for and the processor has none.
 */
export const targetFor = async (name: LoweringName = 'auto'): Promise<Target> => {
  const asked = name === 'auto' ? ((process.env.COSIM_LOWERING as LoweringName | undefined) ?? 'auto') : name;
  if (asked === 'portable') return PORTABLE;
  const block = await probeBlock();
  if (asked === 'blocked' && block === 0) throw new Error('this processor has no blocked convolutions (lowering)');
  return { block, extended: true, maxParts: Infinity };
};
