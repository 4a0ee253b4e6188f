import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError } from '../checkpoints';
import type { Dataset } from '../datasets';
import type { SamplingTimes } from '../diffusion';
import type { Method, Role } from '../methods';
import type { Denoiser } from '../networks';
import type { RunOptions } from './options';

/** The JSON part of a run's checkpoint; the tensors lie beside it in state.safetensors. */
export type RunJson = {
  format: 'cosim-run-1';
  /** Iterations done. */
  step: number;
  /** Images seen. */
  images: number;
  method: Method['config'];
  denoisers: Partial<Record<Role, Denoiser['config']>>;
  options: RunOptions;
  dataset: { name: string; provenance: Dataset['provenance'] };
  /** Sampling times that were searched for. */
  times?: SamplingTimes;
};

/** One file of a checkpoint, with an error that names it where it is missing or cannot be understood. */
export const readPart = async <T>(folder: string, name: string, read: (path: string) => Promise<T>): Promise<T> => {
  const path = join(folder, name);
  try {
    return await read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CheckpointError('missing', `${path}: this file of the checkpoint is missing`);
    if (error instanceof SyntaxError) throw new CheckpointError('format', `${path}: damaged (${error.message})`);
    throw error;
  }
};

/** Options as they are called today: `accumulationRounds` was `rounds` until 0.2. */
const todaysOptions = ({ rounds, ...options }: RunOptions & { rounds?: number }): RunOptions =>
  rounds === undefined ? options : { ...options, accumulationRounds: rounds };

/**
 * `run.json` of the checkpoint in `folder` (`dir/<step>`), with options by today's names.
 * @throws CheckpointError 'missing' without the file, 'format' when it is damaged or of another format.
 */
export const readRunJson = async (folder: string): Promise<RunJson> => {
  const json = await readPart(folder, 'run.json', async path => JSON.parse(await readFile(path, 'utf8')) as RunJson);
  if (json.format !== 'cosim-run-1')
    throw new CheckpointError('format', `${folder}: run.json has format '${String(json.format)}', not 'cosim-run-1'`);
  return { ...json, options: todaysOptions(json.options) };
};
