import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, folderHolder, newestFolder } from '../checkpoints';
import type { SamplingTimes } from '../diffusion';
import type { Method } from '../methods';
import { parameterCount } from '../networks';
import type { RunOptions } from './options';
import type { IterationReport } from './run';
import { readHistory } from './run-files';
import { readPart, readRunJson } from './run-json';

/** What the newest checkpoint of a run says of it, without its tensors. */
export type RunDescription = {
  dir: string;
  /** Iterations done. */
  step: number;
  /** Images seen. */
  images: number;
  method: Method['config'];
  options: RunOptions;
  /** Name of the data set. */
  dataset: string;
  /** Parameters of the generator, or of the network that is pretrained. */
  parameters: number;
  /** Sampling times that were searched for. */
  times: SamplingTimes;
  /** One report a step. */
  history: IterationReport[];
  /** When the checkpoint was written. */
  savedAt: Date;
  /** Who trains in the folder now, in words; absent where nobody does. */
  heldBy?: string;
};

/**
 * What a run's folder holds, read without its tensors or its data set.
 * @throws CheckpointError 'missing' for a folder without a checkpoint, 'format' for one that is damaged, naming the field
 * @example
 * const { images, history } = await describeRun('runs/first');
 */
export const describeRun = async (dir: string): Promise<RunDescription> => {
  const folder = await newestFolder(dir);
  if (folder === undefined) throw new CheckpointError('missing', `${dir}: no checkpoint of a run in this folder`);
  const stored = await readRunJson(folder);
  const { step, images, method, options, dataset, found } = stored;
  const history = await readPart(folder, 'history.jsonl', path => readHistory(path, stored));
  const { mtime } = await stat(join(folder, 'run.json'));
  const heldBy = await folderHolder(dir);
  return {
    dir,
    step,
    images,
    method: method.config,
    options,
    dataset: dataset.name,
    parameters: parameterCount(method.denoisers.phi?.parameters ?? []),
    times: found,
    history,
    savedAt: mtime,
    ...(heldBy !== undefined && { heldBy }),
  };
};
