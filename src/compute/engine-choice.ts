/* What computes: XLA on an accelerator, ONNX Runtime on the processor, or TensorFlow.js as it is. */
import * as tf from '@tensorflow/tfjs-core';
import { expectOneOf, UnavailableError } from './check';
import { noteEngine } from './engines-used';
import { nativeGpu } from './native-gpu';
import { runtimeProblem } from './onnx/runtime';
import type { Device } from './xla/device';
import { acceleratorProblem, sharedDevice } from './xla/shared-device';

/** A traced step compiled by XLA for an accelerator, the same for ONNX Runtime, TensorFlow.js, or the best that is here. */
export const ENGINES = ['auto', 'xla', 'onnx', 'eager'] as const;
export type EngineName = (typeof ENGINES)[number];

/** Which engine is used, and why. */
export type EngineChoice =
  | { engine: 'xla'; device: Device; reason: string }
  | { engine: 'onnx'; reason?: undefined }
  | { engine: 'eager'; reason: string };

let warned = false;

/** An engine by its name: `compiled`, as `onnx` was called once, still works, with a warning. @throws ArgumentError */
export const engineNamed = (where: string, given: string): EngineName => {
  if (given !== 'compiled') return expectOneOf(where, 'engine', given, ENGINES);
  if (!warned) process.emitWarning("the engine 'compiled' is called 'onnx' now", 'CosimWarning');
  warned = true;
  return 'onnx';
};

/** What a name asks for; the environment variable COSIM_ENGINE, unless it is empty, decides for `auto`. @throws ArgumentError */
export const askedEngine = (engine: EngineName): EngineName => {
  const { COSIM_ENGINE: variable = '' } = process.env;
  return engine === 'auto' && variable !== '' ? engineNamed('COSIM_ENGINE', variable) : engine;
};

/**
 * Why `engine` means TensorFlow.js here and not ONNX Runtime, for what these two alone compute; undefined where it means
 * ONNX Runtime. A GPU's backend is used as it is.
 * @throws UnavailableError when ONNX Runtime is asked for and cannot be had.
 */
export const eagerReason = (engine: EngineName): string | undefined => {
  const [backend, name] = [tf.getBackend(), askedEngine(engine)];
  if (name === 'eager') return 'asked for';
  const problem = runtimeProblem();
  if (name === 'onnx' && problem !== undefined)
    throw new UnavailableError(`the onnx engine is not available: ${problem}`);
  const onGpu = backend === 'webgpu' || (backend === 'tensorflow' && nativeGpu());
  if (name !== 'onnx' && onGpu) return `the backend ${backend} is used as it is`;
  return problem;
};

/** What `chooseCompute` chooses, for who does not know yet whether it will be used. */
export const findEngine = async (engine: EngineName): Promise<EngineChoice> => {
  const name = askedEngine(engine);
  if (name === 'xla') return { engine: 'xla', device: await sharedDevice(), reason: 'asked for' };
  if (name === 'auto' && (await acceleratorProblem()) === undefined) {
    try {
      const device = await sharedDevice();
      if (device.accelerates) return { engine: 'xla', device, reason: 'a plugin and a device were found' };
    } catch (error) {
      process.emitWarning(`${(error as Error).message}; the processor computes instead`, 'CosimWarning');
    }
  }
  const reason = eagerReason(name);
  return reason === undefined ? { engine: 'onnx' } : { engine: 'eager', reason };
};

/**
 * The engine that a name stands for on this machine. `auto` is XLA where a plugin and an accelerator are found, else ONNX
 * Runtime where it works and the backend is not a GPU's, else TensorFlow.js.
 * @throws DeviceError when `xla` is asked for and cannot be had, UnavailableError the same for `onnx`
 */
export const chooseCompute = async (engine: EngineName): Promise<EngineChoice> => {
  const choice = await findEngine(engine);
  if (choice.engine !== 'eager') noteEngine(choice.engine === 'xla' ? `xla on ${choice.device.name}` : choice.engine);
  return choice;
};
