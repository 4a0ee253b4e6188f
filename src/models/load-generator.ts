import { dispose } from '@tensorflow/tfjs-core';
import { join } from 'node:path';
import { CheckpointError, expectChecksums, loadTensors, newestFolder } from '../checkpoints';
import { withPrefix } from '../compute/tensors';
import { SAMPLING_TIMES, type SamplingTimes } from '../diffusion';
import type { SamplerName } from '../methods';
import { matchParameters, type Model } from '../networks';
import { readRunJson } from '../training';

/** A generator and how it is sampled from. */
type Generator = Model & {
  /** How it is sampled from. */
  sampler: SamplerName;
  /** Sampling times by number of steps. */
  times: SamplingTimes;
  /** Images seen in its training. */
  images: number;
};

/**
 * The averaged generator of the newest checkpoint in a run's folder, without the rest of the run or its data set. The
 * caller owns its parameters.
 * @throws CheckpointError 'missing' when there is no checkpoint, 'checksum' or 'format' when it is damaged; ArgumentError
 * when its tensors are not those of its network.
 */
export const loadGenerator = async (dir: string): Promise<Generator> => {
  const folder = await newestFolder(dir);
  if (folder === undefined) throw new CheckpointError('missing', `${dir}: no checkpoint of a run in this folder`);
  const { method, images, found } = await readRunJson(folder);
  await expectChecksums(folder);
  const { sampler, times: own = SAMPLING_TIMES } = method;
  const phi = method.denoisers.phi!;
  const path = join(folder, 'state.safetensors');
  const { tensors } = await loadTensors(path, { finite: 'ema/' });
  try {
    const parameters = matchParameters(path, phi.parameters, withPrefix('ema/', tensors));
    for (const [name, tensor] of Object.entries(tensors)) if (!name.startsWith('ema/')) tensor.dispose();
    return { denoiser: phi, parameters, sampler, times: { ...own, ...found }, images };
  } catch (error) {
    dispose(tensors);
    throw error;
  }
};
