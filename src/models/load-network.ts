import { dispose } from '@tensorflow/tfjs-core';
import { type Checkpoint, expectFinite, readCheckpoint, toTensors } from '../checkpoints';
import { ArgumentError, expectKeys } from '../compute/check';
import {
  type Denoiser,
  denoiserFromConfig,
  denoiserFromReference,
  matchParameters,
  type Model,
  MODEL_FORMAT,
} from '../networks';

/** What a file that holds only tensors, such as a state dict, does not say itself. */
export type ReferenceOptions = {
  /** The network in a file with several; default: 'ema', else 'net', else the only one. */
  part?: string;
  /** The network's class in the reference, such as 'EDMPrecond'. */
  className?: string;
  /** What it was made with, by the reference's names. */
  initKwargs?: Record<string, unknown>;
};

/** A model and where it comes from. */
export type LoadedNetwork = Model & {
  /** What the file says of its origin. */
  provenance: Checkpoint['provenance'];
};

const parseJson = (path: string, text: unknown): Record<string, unknown> => {
  try {
    return JSON.parse(String(text)) as Record<string, unknown>;
  } catch {
    throw new ArgumentError(`${path}: the configuration in its metadata is not JSON`);
  }
};

/** The network that a checkpoint describes: by our configuration, or by the reference's class and arguments. */
export const denoiserOfCheckpoint = (
  path: string,
  { provenance, part, ...own }: Pick<Checkpoint, 'provenance' | 'className' | 'initKwargs' | 'initArgs' | 'part'>,
  given: ReferenceOptions = {},
): Denoiser => {
  const metadata = (provenance.values ?? {}) as Record<string, unknown>;
  if (provenance.format === 'safetensors' && metadata.format === MODEL_FORMAT)
    return denoiserFromConfig(parseJson(path, metadata.config) as Denoiser['config']);
  const { className = own.className, initKwargs = own.initKwargs } = given;
  const { parts } = provenance;
  if (className === undefined && part === '' && parts.length > 1)
    throw new ArgumentError(
      `${path}: the file holds ${parts.length} networks; pass one as part: ${parts.map(({ name }) => name).join(', ')}`,
    );
  if (className === undefined || initKwargs === undefined)
    throw new ArgumentError(`${path}: the file does not say what network it holds; pass className and initKwargs`);
  return denoiserFromReference(className, initKwargs, given.initKwargs === undefined ? own.initArgs : []);
};

/**
 * A network from any file that holds one: a snapshot or training state of EDM or EDM2, a state dict, what `cosim convert`
 * makes of them, a model of `saveModel`. Halves are widened to float32. The caller owns the parameters.
 * @throws CheckpointError for a damaged or hostile file, 'not-finite' for weights that are NaN or infinite; ArgumentError when the file does not say what network it holds
 * or its tensors are not those of that network.
 */
export const loadNetwork = async (path: string, options: ReferenceOptions = {}): Promise<LoadedNetwork> => {
  expectKeys('loadNetwork', options, ['part', 'className', 'initKwargs']);
  const checkpoint = await readCheckpoint(path, { part: options.part, floats: 'F32' });
  const denoiser = denoiserOfCheckpoint(path, checkpoint, options);
  expectFinite(path, checkpoint.tensors);
  const tensors = toTensors(checkpoint.tensors);
  try {
    const parameters = matchParameters(path, denoiser.parameters, tensors);
    const kept = new Set(Object.values(parameters));
    for (const tensor of Object.values(tensors)) if (!kept.has(tensor)) tensor.dispose(); // constant filters
    return { denoiser, parameters, provenance: checkpoint.provenance };
  } catch (error) {
    dispose(tensors);
    throw error;
  }
};
