import { existsSync, statSync } from 'node:fs';
import { loadTeacher, TEACHER_NAMES, type TeacherName } from '../experiments';
import { loadNetwork, type Model, type ReferenceOptions } from '../networks';
import { loadGenerator } from '../training';
import { referenceOptions } from './network-options';

/** A model and the sampler that it was trained for. */
export type SampledModel = Model & { sampler: 'heun' | 'multistep' };

/** A shipped model by name, the generator of a run's folder, or the network of any file. The caller owns its parameters. */
export const loadModelNamed = async (name: string, options: ReferenceOptions = {}): Promise<SampledModel> => {
  if (TEACHER_NAMES.includes(name as TeacherName)) return { ...(await loadTeacher(name)), sampler: 'heun' };
  if (existsSync(name) && statSync(name).isDirectory()) return loadGenerator(name);
  const { provenance, ...model } = await loadNetwork(name, referenceOptions(options));
  const { sampler } = (provenance.values ?? {}) as { sampler?: string };
  return { ...model, sampler: sampler === 'multistep' ? 'multistep' : 'heun' };
};
