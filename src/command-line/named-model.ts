import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { newestFolder } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import { sha256OfFiles } from '../datasets';
import type { SamplingTimes } from '../diffusion';
import type { SamplerName } from '../methods';
import {
  loadGenerator,
  loadNetwork,
  loadTeacher,
  type ReferenceOptions,
  TEACHER_NAMES,
  teacherFile,
  type TeacherName,
} from '../models';
import type { Model } from '../networks';
import { referenceOptions } from './network-options';

/** A model and the sampler that it was trained for. */
export type SampledModel = Model & { sampler: SamplerName; times?: SamplingTimes };

const SAMPLERS: readonly SamplerName[] = ['multistep', 'ancestral', 'heun'];

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
  if (!SAMPLERS.includes(sampler as SamplerName))
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

/** A shipped model by name, the generator of a run's folder, or the network of any file. The caller owns its parameters. */
export const loadModelNamed = async (name: string, options: ReferenceOptions = {}): Promise<SampledModel> => {
  if (TEACHER_NAMES.includes(name as TeacherName)) return { ...(await loadTeacher(name)), sampler: 'heun' };
  if (existsSync(name) && statSync(name).isDirectory()) return loadGenerator(name);
  const { provenance, ...model } = await loadNetwork(name, referenceOptions(options));
  return { ...model, ...samplingOf(name, (provenance.values ?? {}) as Record<string, unknown>) };
};

/** SHA-256 of the file that `loadModelNamed` takes the weights from. */
export const weightsSha256 = async (name: string): Promise<string> => {
  if (TEACHER_NAMES.includes(name as TeacherName)) return sha256OfFiles([teacherFile(name as TeacherName)]);
  if (!statSync(name).isDirectory()) return sha256OfFiles([name]);
  return sha256OfFiles([join((await newestFolder(name)) ?? name, 'state.safetensors')]);
};
