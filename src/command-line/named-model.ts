import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { newestFolder } from '../checkpoints';
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

/** A shipped model by name, the generator of a run's folder, or the network of any file. The caller owns its parameters. */
export const loadModelNamed = async (name: string, options: ReferenceOptions = {}): Promise<SampledModel> => {
  if (TEACHER_NAMES.includes(name as TeacherName)) return { ...(await loadTeacher(name)), sampler: 'heun' };
  if (existsSync(name) && statSync(name).isDirectory()) return loadGenerator(name);
  const { provenance, ...model } = await loadNetwork(name, referenceOptions(options));
  const { sampler } = (provenance.values ?? {}) as { sampler?: string };
  return { ...model, sampler: sampler === 'multistep' ? 'multistep' : 'heun' };
};

/** SHA-256 of the file that `loadModelNamed` takes the weights from. */
export const weightsSha256 = async (name: string): Promise<string> => {
  if (TEACHER_NAMES.includes(name as TeacherName)) return sha256OfFiles([teacherFile(name as TeacherName)]);
  if (!statSync(name).isDirectory()) return sha256OfFiles([name]);
  return sha256OfFiles([join((await newestFolder(name)) ?? name, 'state.safetensors')]);
};
