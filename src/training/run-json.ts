import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CheckpointError } from '../checkpoints';
import { ArgumentError, fail } from '../compute/check';
import type { Dataset } from '../datasets';
import { decreasingTimes, type SamplingTimes } from '../diffusion';
import { type Method, methodFromConfig, type Role } from '../methods';
import { type Denoiser, denoiserFromConfig } from '../networks';
import { runOptions, type RunOptions } from './options';
import { checked, expectWhole, runJsonSchema } from './run-schema';

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

/** What `run.json` describes, built and checked. */
export type StoredRun = Pick<RunJson, 'step' | 'images' | 'options' | 'dataset'> & {
  method: Method;
  /** Sampling times that were searched for. */
  found: SamplingTimes;
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

/** `rounds`, as `accumulationRounds` was called until 0.2, under today's name. */
const withTodaysNames = (json: unknown): unknown => {
  const { options } = (json ?? {}) as { options?: Record<string, unknown> | null };
  if (!options || typeof options !== 'object' || !Object.hasOwn(options, 'rounds')) return json;
  const { rounds, ...rest } = options;
  return { ...(json as object), options: { ...rest, accumulationRounds: rounds } };
};

/** What `build` makes of a part of the file; what it refuses is a fault of the file. */
const built = <T>(file: string, part: string, build: () => T): T => {
  try {
    return build();
  } catch (error) {
    throw new CheckpointError('format', `${file}: ${part}: ${(error as Error).message}`);
  }
};

/** The method with its networks, each exactly as it is stored. */
const storedMethod = (file: string, { method: config, denoisers: configs }: RunJson): Method => {
  const denoisers = Object.fromEntries(
    Object.entries(configs).map(([role, stored]) => [
      role,
      built(file, `denoisers.${role}`, () => denoiserFromConfig(stored)),
    ]),
  ) as Partial<Record<Role, Denoiser>>;
  if (config.kind !== 'denoising' && !denoisers.theta)
    throw new CheckpointError('format', `${file}: denoisers.theta is missing: ${config.kind} has a teacher`);
  const method = built(file, 'method', () => methodFromConfig(config, denoisers));
  expectWhole(file, 'method', config, method.config);
  const made = Object.entries(method.denoisers).map(([role, denoiser]) => [role, denoiser.config] as const);
  expectWhole(file, 'denoisers', configs, Object.fromEntries(made));
  return method;
};

/**
 * What the checkpoint in `folder` (`dir/<step>`) says of its run: every field of `run.json` is checked, with options by
 * today's names, before anything is computed.
 * @throws CheckpointError 'missing' without the file; 'format' when it is damaged, of another format, or has a field that no
 * run has, which is named
 */
export const readRunJson = async (folder: string): Promise<StoredRun> => {
  const file = join(folder, 'run.json');
  const raw = await readPart(folder, 'run.json', async path => JSON.parse(await readFile(path, 'utf8')) as unknown);
  const json = checked(file, runJsonSchema, withTodaysNames(raw)) as RunJson;
  const { step, images, dataset, times: found = {} } = json;
  const options = built(file, 'options', () => runOptions(json.options));
  built(
    file,
    'images',
    () => images === step * options.batch || fail('run', 'images', `step x batch, ${step * options.batch}`, images),
  );
  for (const [steps, levels] of Object.entries(found))
    built(file, `times.${steps}`, () => {
      if (levels.length !== Number(steps))
        throw new ArgumentError(`holds ${levels.length} noise levels for ${steps} steps`);
      return decreasingTimes('run', 'times', levels);
    });
  const method = storedMethod(file, json);
  if (/^\d+$/.test(basename(folder)) && Number(basename(folder)) !== step)
    throw new CheckpointError(
      'format',
      `${file}: step: the folder is of step ${Number(basename(folder))}, got ${step}`,
    );
  return { step, images, dataset, options, method, found };
};
