import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { selectBackend } from '../../../../src/compute/backend';
import { openXlaDevice, type PjrtDevice } from '../../../../src/compute/xla/pjrt';
import { useDevice } from '../../../../src/compute/xla/shared-device';
import { cpuPlugin as path } from '../../../../scripts/cpu-plugin.mjs';

const script = join(__dirname, '../../../../scripts/cpu-plugin.mjs');

/** XLA's plugin for the CPU, fetched where it is not there. @throws Error where it cannot be had */
export const cpuPlugin = (): string => {
  const { stderr } = existsSync(path) ? { stderr: '' } : spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (!existsSync(path))
    throw new Error(`this test needs XLA's plugin for the CPU; node scripts/cpu-plugin.mjs fetches it:\n${stderr}`);
  return path;
};

/** What is compiled for a test runs a few times: LLVM need not optimise it. The operations stay the same. */
const QUICK = { xla_backend_optimization_level: 0, xla_llvm_disable_expensive_passes: true };

/** XLA's processor as a device that compiles in a fraction of the time. */
export const openCpuDevice = (): Promise<PjrtDevice> => openXlaDevice({ plugin: cpuPlugin(), flags: QUICK });

/**
 * XLA's processor as a device for the tests around the call, by name `device` once they run.
 * @param shared it takes the place of the accelerator that would be found
 */
export const testDevice = ({ shared = false } = {}): { readonly device: PjrtDevice } => {
  let device: PjrtDevice;
  before(async () => {
    await selectBackend({ backend: 'wasm' });
    device = await openCpuDevice();
    if (shared) useDevice(device);
  });
  after(() => {
    if (shared) useDevice(undefined);
    device.dispose();
  });
  return {
    get device() {
      return device;
    },
  };
};
