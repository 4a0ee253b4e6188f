import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../project';

const VERSION = '0.10.2';

/** A Python with jax, in a folder of its own, fetched where it is absent; undefined where none can be had, and pip has said why. */
export const jaxPython = (): string | undefined => {
  const named = process.env.COSIM_JAX_PYTHON;
  if (named !== undefined) return named;
  const folder = join(root, 'node_modules', '.cache', 'cosim', `jax-${VERSION}`);
  const python = join(folder, 'bin', 'python');
  const run = (command: string, args: string[], errors: 'inherit' | 'ignore' = 'inherit'): boolean =>
    spawnSync(command, args, { stdio: ['ignore', 'ignore', errors] }).status === 0;
  const has = (): boolean => existsSync(python) && run(python, ['-c', 'import jax'], 'ignore');
  if (has()) return python;
  const install = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--retries', '2', `jax==${VERSION}`];
  return run('python3', ['-m', 'venv', folder]) && run(python, install) && has() ? python : undefined;
};
