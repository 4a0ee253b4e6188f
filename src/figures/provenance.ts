import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type as osName } from 'node:os';
import { getBackend } from '@tensorflow/tfjs-core';

/** Where the numbers of a figure come from; stored beside every figure. */
export type Provenance = {
  preset: string;
  seeds: readonly number[];
  /** Short hash, '-dirty' when tracked code differs from it, 'unknown' outside git. */
  commit: string;
  machine: { cpu: string; cores: number; memoryGiB: number; os: string };
  node: string;
  /** Of tensorflow.js; 'none' when none was started. */
  backend: string;
  /** ISO 8601, UTC. */
  date: string;
  [extra: string]: unknown;
};

const git = (...args: string[]): string =>
  execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** Figures and notebooks are left out of '-dirty': making a figure rewrites them. */
const commitHash = (): string => {
  try {
    const hash = git('rev-parse', '--short', 'HEAD');
    const paths = [':(top)', ':(top,exclude)figures', ':(top,exclude)notebooks'];
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ...paths);
    return changed === '' ? hash : `${hash}-dirty`;
  } catch {
    return 'unknown';
  }
};

/**
 * The record that says how numbers were made: preset and seeds as given, the rest read from this process.
 * Further keys are kept as they are.
 */
export const provenance = (made: {
  preset: string;
  seeds: readonly number[];
  [extra: string]: unknown;
}): Provenance => {
  const processors = cpus();
  return {
    commit: commitHash(),
    machine: {
      cpu: processors[0]?.model ?? 'unknown',
      cores: processors.length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      os: `${osName()} ${release()}`,
    },
    node: process.version,
    backend: getBackend() ?? 'none',
    date: new Date().toISOString(),
    ...made,
  };
};
