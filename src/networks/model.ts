import { saveTensors, type SaveTensorsOptions } from '../checkpoints';
import type { Tensors } from '../compute/tensors';
import type { Denoiser } from './denoiser';

/** A denoiser with its parameters: a teacher, or a generator. Who made the tensors disposes them. */
export type Model = { denoiser: Denoiser; parameters: Tensors };

/** What a model file says that it is. */
export const MODEL_FORMAT = 'cosim-model-1';

/**
 * Writes a model as one safetensors file, atomically: parameters in PyTorch's layout, the configuration as metadata.
 * `loadModel` reads it; metadata `sampler` and `times` (JSON) tell it how a generator is sampled from.
 * @throws ArgumentError for parameters beyond float16 where `floats` asks for that; Node's error if it cannot be written
 * @example
 * await saveModel('teacher.safetensors', teacher);
 */
export const saveModel = (
  path: string,
  { denoiser, parameters }: Model,
  metadata: Record<string, string> = {},
  options: SaveTensorsOptions = {},
): Promise<void> =>
  saveTensors(
    path,
    parameters,
    { ...metadata, format: MODEL_FORMAT, config: JSON.stringify(denoiser.config) },
    options,
  );
