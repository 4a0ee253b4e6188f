/* From nothing to an open client: finds the plugin, arranges what it needs, opens it. */
import { existsSync } from 'node:fs';
import { Client } from './client';
import type { ClientOptions } from './client-options';
import { DeviceError, DriverError, ForeignCallsError, PluginError } from './device-error';
import { findPlugin, type FoundPlugin, pluginKind } from './find-plugin';
import { driverProblem, hardwareHere } from './hardware';
import { koffiProblem } from './koffi';
import { cudaFolderOf, librariesOf, openLibraries, setVariable } from './plugin-libraries';

/** How a device is opened. */
export type OpenOptions = {
  /** path of a plugin; default: what `findPlugin` finds */
  plugin?: string;
  /** part of a GPU's memory that may be taken, over 0 to 1; default 0.9. It is taken as it is needed, not beforehand. */
  memoryFraction?: number;
};

/**
 * Makes the loader find the plugin's libraries and XLA its assembler, and looks whether the driver is new enough.
 * @throws DriverError, PluginError
 */
const arrange = ({ path, kind }: FoundPlugin): void => {
  if (kind !== 'cuda12' && kind !== 'cuda13') return;
  const problem = driverProblem(kind);
  if (problem !== undefined) throw new DriverError(problem);
  const libraries = librariesOf(path);
  const failed = openLibraries(libraries);
  if (failed.length > 0 && failed.length === libraries.length)
    throw new PluginError(`none of the NVIDIA libraries beside ${path} can be loaded: ${failed[0].reason}`);
  const folder = cudaFolderOf(path);
  const flags = process.env.XLA_FLAGS ?? '';
  if (folder && !flags.includes('xla_gpu_cuda_data_dir'))
    setVariable('XLA_FLAGS', `${flags} --xla_gpu_cuda_data_dir=${folder}`.trim());
  if (process.env.TF_CPP_MIN_LOG_LEVEL === undefined) setVariable('TF_CPP_MIN_LOG_LEVEL', '2'); // errors come as exceptions
};

/** Why no device can be used, in one line; undefined where one may be. Nothing is loaded. */
export const deviceProblem = async (): Promise<string | undefined> => {
  const problem = koffiProblem();
  if (problem !== undefined) return problem;
  const found = await findPlugin();
  if (found) return driverProblem(found.kind);
  const here = hardwareHere();
  if (here.length === 0) return 'no GPU or TPU on this machine';
  const cuda = driverProblem('cuda13') === undefined ? 'cuda13' : 'cuda12';
  const wanted = { nvidia: cuda, amd: 'rocm', tpu: 'tpu' }[here[0]];
  return `no PJRT plugin for the ${here[0]} device: npx cosim engine install ${wanted}`;
};

const optionsFor = ({ kind }: FoundPlugin, memoryFraction: number): ClientOptions =>
  kind === 'cuda12' || kind === 'cuda13' || kind === 'rocm'
    ? { preallocate: false, memory_fraction: memoryFraction }
    : {};

/**
 * Opens the device that the plugin drives: seconds for a GPU, the event loop goes on.
 * @throws ForeignCallsError, PluginError, NoDeviceError or DriverError, each saying what to do
 */
export const openDevice = async ({ plugin, memoryFraction = 0.9 }: OpenOptions = {}): Promise<Client> => {
  if (!(memoryFraction > 0 && memoryFraction <= 1))
    throw new DeviceError(`openDevice: memoryFraction: expected over 0 to 1, got ${memoryFraction}`);
  const problem = koffiProblem();
  if (problem !== undefined) throw new ForeignCallsError(problem);
  const found =
    plugin === undefined
      ? await findPlugin()
      : ({ path: plugin, kind: pluginKind(plugin), from: 'COSIM_PJRT_PLUGIN' } as const);
  if (!found) throw new PluginError((await deviceProblem()) ?? 'no PJRT plugin was found');
  if (!existsSync(found.path))
    throw new PluginError(`the plugin ${found.path} does not exist${plugin === undefined ? ` (${found.from})` : ''}`);
  arrange(found);
  return Client.open(found.path, optionsFor(found, memoryFraction));
};
