import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The project's folder. */
export const root = resolve(__dirname, '..');

export const notebooksFolder = join(root, 'notebooks');

/** Where set-up and the notebook tools keep what git ignores. */
export const jupyterFolder = join(root, '.jupyter');

/** The Python that set-up found Jupyter in. */
export const jupyterPython = (): string => {
  try {
    return (JSON.parse(readFileSync(join(jupyterFolder, 'setup.json'), 'utf8')) as { python: string }).python;
  } catch {
    throw new Error('Jupyter is not set up here: run `node scripts/setup.mjs` first.');
  }
};

/** The environment for Jupyter: the project's own kernelspec, and nothing of the user's configuration. */
export const jupyterEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  JUPYTER_PATH: join(jupyterFolder, 'data'),
  JUPYTER_DATA_DIR: join(jupyterFolder, 'data'),
  JUPYTER_CONFIG_DIR: join(jupyterFolder, 'config'),
  JUPYTER_RUNTIME_DIR: join(jupyterFolder, 'runtime'),
  IPYTHONDIR: join(jupyterFolder, 'ipython'),
});

/** Runs a program to its end; resolves to its exit code (1 for a signal) and all that it printed. */
export const runProgram = (command: string, args: string[]): Promise<{ code: number; output: string }> =>
  new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', failed);
    child.on('close', code => done({ code: code ?? 1, output }));
  });
