// Opens JupyterLab on notebooks/ with the project's kernel, the classic Jupyter where there is none; further arguments are
// passed on.
import { spawn } from 'node:child_process';
import { labAdvice, labPython } from './lab-python';
import { jupyterEnvironment, jupyterPython, notebooksFolder, root } from './project';

const main = async (): Promise<void> => {
  const lab = await labPython();
  if (lab === undefined)
    console.log(
      `No JupyterLab here: the notebook server shows charts as pictures, without sliders. To have it:\n  ${labAdvice}`,
    );
  const asRoot = process.getuid?.() === 0 ? ['--allow-root'] : []; // Jupyter refuses root unless told
  const app = lab === undefined ? 'notebook' : 'jupyterlab';
  const args = ['-m', app, ...asRoot, ...process.argv.slice(2), notebooksFolder];
  const child = spawn(lab ?? jupyterPython(), args, { cwd: root, env: jupyterEnvironment(), stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('close', exit => (process.exitCode = exit ?? 1));
};

void main();
