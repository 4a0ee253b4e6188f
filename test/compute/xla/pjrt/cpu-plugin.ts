import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../../..');
const path = join(root, 'node_modules/.cache/cosim/xla-cpu-pjrt-0.0.1/xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so');

/** XLA's plugin for the CPU, fetched where it is not there. @throws Error where it cannot be had */
export const cpuPlugin = (): string => {
  const script = join(root, 'scripts', 'cpu-plugin.mjs');
  const { stderr } = existsSync(path) ? { stderr: '' } : spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (!existsSync(path))
    throw new Error(`this test needs XLA's plugin for the CPU; node scripts/cpu-plugin.mjs fetches it:\n${stderr}`);
  return path;
};
