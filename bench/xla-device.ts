/* The device that the xla engine is timed on. */
import { existsSync } from 'node:fs';
import { deviceProblem, openXlaDevice, type PjrtDevice } from '../src/compute/xla/pjrt';
import { useDevice } from '../src/compute/xla/shared-device';
import { cpuPlugin } from '../scripts/cpu-plugin.mjs';

/**
 * The plugin to open: undefined, which finds it, where there is an accelerator; else XLA's for the processor.
 * @param problem why there is no accelerator, undefined where there is one
 * @throws Error where there is neither
 */
export const choosePlugin = (problem: string | undefined, forProcessor = cpuPlugin): string | undefined => {
  if (problem === undefined) return undefined;
  if (existsSync(forProcessor)) return forProcessor;
  throw new Error(`${problem}; and no plugin for the processor: node scripts/cpu-plugin.mjs fetches it`);
};

/** Opens that device for runs and samplers of this process. */
export const openForBench = async (): Promise<PjrtDevice> => {
  const device = await openXlaDevice({ plugin: choosePlugin(await deviceProblem()) });
  useDevice(device);
  return device;
};
