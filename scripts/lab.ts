// Opens Jupyter on notebooks/ with the project's kernel; further arguments are passed on.
import { spawn } from 'node:child_process';
import { jupyterEnvironment, jupyterPython, notebooksFolder, root, runProgram } from './project';

const main = async (): Promise<void> => {
  const python = jupyterPython();
  const { code } = await runProgram(python, ['-c', 'import jupyterlab']);
  const app = code === 0 ? 'jupyterlab' : 'notebook';
  const asRoot = process.getuid?.() === 0 ? ['--allow-root'] : []; // Jupyter refuses root unless told
  const args = ['-m', app, ...asRoot, ...process.argv.slice(2), notebooksFolder];
  const child = spawn(python, args, { cwd: root, env: jupyterEnvironment(), stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('close', exit => (process.exitCode = exit ?? 1));
};

void main();
