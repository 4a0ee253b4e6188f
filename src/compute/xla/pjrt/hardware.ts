/* What this machine has, looked up in the kernel's files: no process is started, no library loaded. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Kinds of device that a plugin can be had for. */
export type Hardware = 'nvidia' | 'amd' | 'tpu';

/** The hardware for which the kernel shows devices. */
export const hardwareHere = (dev = '/dev'): Hardware[] => {
  const found: Hardware[] = [];
  const names = existsSync(dev) ? readdirSync(dev) : [];
  if (names.some(name => /^nvidia\d+$|^dxg$/.test(name))) found.push('nvidia'); // dxg: Windows' subsystem for Linux
  if (names.includes('kfd')) found.push('amd');
  if (names.some(name => /^accel\d+$/.test(name))) found.push('tpu');
  return found;
};

/** Version of NVIDIA's kernel driver, e.g. `580.159.03`; undefined where none is loaded. */
export const nvidiaDriver = (file = '/proc/driver/nvidia/version'): string | undefined => {
  if (!existsSync(file)) return undefined;
  return /^NVRM version:.*?\s(\d{3,}\.\d+(?:\.\d+)?)\s/m.exec(readFileSync(file, 'utf8'))?.[1];
};

/** The oldest driver that each release of CUDA runs with. */
const OLDEST_DRIVER = { cuda12: 525, cuda13: 580 } as const;

/**
 * Why a driver does not do for a kind of plugin, and what does; undefined where it does, is not known, or the kind needs none
 * of NVIDIA's.
 */
export const driverProblem = (kind: string, driver = nvidiaDriver()): string | undefined => {
  const oldest = (OLDEST_DRIVER as Partial<Record<string, number>>)[kind];
  if (oldest === undefined || driver === undefined || parseInt(driver) >= oldest) return undefined;
  const older = kind === 'cuda13' && parseInt(driver) >= OLDEST_DRIVER.cuda12;
  return (
    `the ${kind} plugin needs an NVIDIA driver of at least ${oldest}, this machine has ${driver}: update the ` +
    `driver${older ? ', or run npx cosim engine install cuda12' : ''}`
  );
};
