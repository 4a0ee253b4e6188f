import { dispose } from '@tensorflow/tfjs-core';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, loadTensors, newestFolder } from '../checkpoints';
import { withPrefix } from '../compute/tensors';
import { SAMPLING_TIMES, type SamplingTimes } from '../diffusion';
import { type Method, methodFromConfig, type SamplerName } from '../methods';
import { type Denoiser, denoiserFromConfig, matchParameters, type Model } from '../networks';

/** A generator and how it is sampled from. */
export type Generator = Model & { sampler: SamplerName; times: SamplingTimes; images: number };

/** What a generator needs of a run's `run.json`. */
type RunJson = {
  format: string;
  images: number;
  method: Method['config'];
  denoisers: Record<string, Denoiser['config']>;
  times?: SamplingTimes;
};

const readRunJson = async (path: string): Promise<RunJson> => {
  let json: Partial<RunJson>;
  try {
    json = JSON.parse(await readFile(path, 'utf8')) as Partial<RunJson>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    throw new CheckpointError('format', `${path}: damaged (${(error as Error).message})`);
  }
  if (json.format !== 'cosim-run-1') throw new CheckpointError('format', `${path}: not a checkpoint of a run`);
  return json as RunJson;
};

/**
 * The averaged generator of the newest checkpoint in a run's folder, without the rest of the run or its data set. The
 * caller owns its parameters.
 * @throws CheckpointError 'missing' when there is no checkpoint, 'format' when it is damaged; ArgumentError when its
 * tensors are not those of its network.
 */
export const loadGenerator = async (dir: string): Promise<Generator> => {
  const folder = await newestFolder(dir);
  if (folder === undefined) throw new CheckpointError('missing', `${dir}: no checkpoint of a run in this folder`);
  const { method: config, denoisers: configs, images, times: found } = await readRunJson(join(folder, 'run.json'));
  const denoisers = Object.fromEntries(
    Object.entries(configs).map(([role, denoiser]) => [role, denoiserFromConfig(denoiser)]),
  );
  const { phi } = denoisers;
  const { sampler, times: own = SAMPLING_TIMES } = methodFromConfig(config, denoisers);
  const path = join(folder, 'state.safetensors');
  const { tensors } = await loadTensors(path);
  try {
    const parameters = matchParameters(path, phi.parameters, withPrefix('ema/', tensors));
    for (const [name, tensor] of Object.entries(tensors)) if (!name.startsWith('ema/')) tensor.dispose();
    return { denoiser: phi, parameters, sampler, times: { ...own, ...found }, images };
  } catch (error) {
    dispose(tensors);
    throw error;
  }
};
