import { dispose } from '@tensorflow/tfjs-core';
import { type Checkpoint, readCheckpoint, toTensors } from '../checkpoints';
import { ArgumentError, expectKeys } from '../compute/check';
import type { Model } from './model';
import { matchParameters } from './parameters';
import { denoiserFromReference } from './reference';

/** What a file that holds only tensors, such as a state dict, does not say itself. */
export type ReferenceOptions = {
  part?: string; // the network in a file with several; default: 'ema', else 'net', else the only one
  className?: string; // the network's class in the reference, such as 'EDMPrecond'
  initKwargs?: Record<string, unknown>; // what it was made with, by the reference's names
};

/**
 * A network from a checkpoint of the reference: EDM or EDM2 snapshot, training state, state dict, or what `cosim convert`
 * makes of them; halves are widened to float32. The caller owns the parameters.
 * @throws CheckpointError for a damaged or hostile file; ArgumentError when the file does not say what network it holds
 * or its tensors are not those of that network.
 */
export const loadReference = async (
  path: string,
  options: ReferenceOptions = {},
): Promise<Model & { provenance: Checkpoint['provenance'] }> => {
  expectKeys('loadReference', options, ['part', 'className', 'initKwargs']);
  const { part, ...given } = options;
  const { tensors: host, provenance, ...own } = await readCheckpoint(path, { part, floats: 'F32' });
  const { className = own.className, initKwargs = own.initKwargs } = given;
  if (className === undefined || initKwargs === undefined)
    throw new ArgumentError(`${path}: the file does not say what network it holds; pass className and initKwargs`);
  const denoiser = denoiserFromReference(className, initKwargs);
  const tensors = toTensors(host);
  try {
    const parameters = matchParameters(path, denoiser.parameters, tensors);
    const kept = new Set(Object.values(parameters));
    for (const tensor of Object.values(tensors)) if (!kept.has(tensor)) tensor.dispose(); // constant filters
    return { denoiser, parameters, provenance };
  } catch (error) {
    dispose(tensors);
    throw error;
  }
};
