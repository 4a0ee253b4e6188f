import { dispose } from '@tensorflow/tfjs-core';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, newestFolder } from '../checkpoints';
import { ArgumentError, unknownName } from '../compute/check';
import type { SamplingTimes } from '../diffusion';
import type { SamplerName } from '../methods';
import type { Model } from '../networks';
import { FEW_STEP_SAMPLERS } from '../samplers';
import { loadGenerator } from './load-generator';
import { GENERATOR_NAMES, generatorFile } from './generators';
import { loadNetwork, type ReferenceOptions } from './load-network';
import { TEACHER_NAMES, teacherFile } from './teachers';

/** A model and how it is sampled from. */
export type SampledModel = Model & {
  /** 'heun' for a diffusion model, else the sampler that a generator was trained for. */
  sampler: SamplerName;
  /** Sampling times by number of steps, of a generator. */
  times?: SamplingTimes;
  /** Images seen in its training, of a run's generator. */
  images?: number;
};

const SAMPLERS: readonly string[] = [...Object.keys(FEW_STEP_SAMPLERS), 'heun'];

const isTimes = (value: unknown): value is SamplingTimes =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(
    ([steps, levels]) =>
      /^\d+$/.test(steps) &&
      Array.isArray(levels) &&
      levels.length === Number(steps) &&
      levels.every(level => Number.isFinite(level) && level > 0),
  );

/** The sampler and times that `cosim convert` keeps beside a generator; another file's network is sampled by Heun. */
const samplingOf = (
  file: string,
  { sampler = 'heun', times }: Record<string, unknown>,
): Omit<SampledModel, keyof Model> => {
  if (!SAMPLERS.includes(sampler as string))
    throw new ArgumentError(
      `${file}: its metadata names the sampler '${String(sampler)}'; known: ${SAMPLERS.join(', ')}`,
    );
  let found: unknown;
  try {
    found = typeof times === 'string' ? JSON.parse(times) : undefined;
  } catch {
    found = null;
  }
  if (found !== undefined && !isTimes(found))
    throw new ArgumentError(
      `${file}: its metadata 'times' must be lists of noise levels by number of steps, got ${String(times)}`,
    );
  return { sampler: sampler as SamplerName, ...(found !== undefined && { times: found }) };
};

/** The file of a shipped model by its name. */
const SHIPPED: ReadonlyMap<string, string> = new Map([
  ...TEACHER_NAMES.map(name => [name, teacherFile(name)] as const),
  ...GENERATOR_NAMES.map(name => [name, generatorFile(name)] as const),
]);

const expectKnown = (where: string, name: string): void => {
  if (SHIPPED.has(name) || existsSync(name)) return;
  if (/[\\/.]/.test(name)) throw new ArgumentError(`${where}: there is no file or folder '${name}'`);
  throw unknownName(where, 'model, and no file,', name, [...SHIPPED.keys()]);
};

const load = async (where: string, name: string, options: ReferenceOptions): Promise<SampledModel> => {
  expectKnown(where, name);
  const path = SHIPPED.get(name) ?? name;
  if (statSync(path).isDirectory()) return loadGenerator(path);
  const { provenance, ...model } = await loadNetwork(path, options);
  try {
    return { ...model, ...samplingOf(path, (provenance.values ?? {}) as Record<string, unknown>) };
  } catch (error) {
    dispose(model.parameters);
    throw error;
  }
};

/**
 * Any model: a shipped one by name ('digits', 'digits-cosim'), the averaged generator of a run by its folder, or the network in a file:
 * EDM's and EDM2's snapshots, PyTorch's .pt, safetensors of either, of `saveModel` or of `cosim convert`. With it comes
 * how it is sampled from. The caller owns its parameters.
 * @throws ArgumentError for a text that is none of these, and for a file that does not say what network it holds;
 * CheckpointError for a damaged file, and for a folder without a run's checkpoint
 * @example
 * const model = await loadModel('runs/first');
 * const { data } = await sampleMultistep({ ...model, seeds: [0, 1, 2, 3], times: [80, 2.24] });
 */
export const loadModel = (nameOrPath: string, options: ReferenceOptions = {}): Promise<SampledModel> =>
  load('loadModel', nameOrPath, options);

/**
 * A diffusion model to distill from: what `loadModel` loads, unless it is a generator in few steps, which predicts no
 * mean of the posterior at every noise level. The caller owns its parameters.
 * @throws ArgumentError for a generator in few steps, and as `loadModel`
 * @example
 * const teacher = await loadTeacher('digits');
 */
export const loadTeacher = async (nameOrPath: string, options: ReferenceOptions = {}): Promise<Model> => {
  const { denoiser, parameters, sampler } = await load('loadTeacher', nameOrPath, options);
  if (sampler === 'heun') return { denoiser, parameters };
  dispose(parameters);
  throw new ArgumentError(`loadTeacher: '${nameOrPath}' is a generator in few steps; a teacher is a diffusion model`);
};

/**
 * The file that `loadModel` takes the weights from.
 * @throws ArgumentError for a text that is no model's name and no path; CheckpointError 'missing' for a folder without
 * a run's checkpoint
 */
export const modelFile = async (nameOrPath: string): Promise<string> => {
  expectKnown('modelFile', nameOrPath);
  const path = SHIPPED.get(nameOrPath) ?? nameOrPath;
  if (!statSync(path).isDirectory()) return path;
  const folder = await newestFolder(path);
  if (folder === undefined)
    throw new CheckpointError('missing', `${nameOrPath}: no checkpoint of a run in this folder`);
  return join(folder, 'state.safetensors');
};
