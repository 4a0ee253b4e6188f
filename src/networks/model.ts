import { dispose } from '@tensorflow/tfjs-core';
import { loadTensors, saveTensors } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import type { Tensors } from '../compute/tensors';
import type { Denoiser } from './denoiser';
import { matchParameters } from './parameters';
import { denoiserFromConfig } from './registry';

/** A denoiser with its parameters: a teacher, or a generator. Who made the tensors disposes them. */
export type Model = { denoiser: Denoiser; parameters: Tensors };

/** What a model file says that it is. */
export const MODEL_FORMAT = 'cosim-model-1';

/** Writes a model as one safetensors file, atomically: parameters in PyTorch's layout, the configuration as metadata. */
export const saveModel = (
  path: string,
  { denoiser, parameters }: Model,
  metadata: Record<string, string> = {},
): Promise<void> =>
  saveTensors(path, parameters, { ...metadata, format: MODEL_FORMAT, config: JSON.stringify(denoiser.config) });

/**
 * Reads a model written by `saveModel`. The caller owns its parameters.
 * @throws CheckpointError for a damaged file; ArgumentError for a file without a configuration or with other parameters.
 */
export const loadModel = async (path: string): Promise<Model & { metadata: Record<string, string> }> => {
  const { tensors, metadata } = await loadTensors(path, { finite: '' });
  try {
    if (metadata.format !== MODEL_FORMAT)
      throw new ArgumentError(`${path}: not a model file of cosim (no configuration)`);
    const denoiser = denoiserFromConfig(JSON.parse(metadata.config) as Denoiser['config']);
    return { denoiser, parameters: matchParameters(path, denoiser.parameters, tensors), metadata };
  } catch (error) {
    dispose(tensors);
    throw error;
  }
};
