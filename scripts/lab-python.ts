import { join } from 'node:path';
import { jupyterFolder, jupyterPython, runProgram } from './project';

/** A Python environment of its own for JupyterLab: what `labAdvice` makes. */
const ownPython = join(jupyterFolder, 'lab', 'bin', 'python');

/** How JupyterLab is had where no Python has it. */
export const labAdvice = 'python3 -m venv .jupyter/lab && .jupyter/lab/bin/pip install jupyterlab';

/** The first Python that has JupyterLab: COSIM_PYTHON, the project's own environment, set-up's, the PATH's; none: undefined. */
export const labPython = async (): Promise<string | undefined> => {
  for (const python of [process.env.COSIM_PYTHON, ownPython, jupyterPython(), 'python3']) {
    if (python === undefined || python === '') continue;
    const { code } = await runProgram(python, ['-c', 'import jupyterlab']).catch(() => ({ code: 1 }));
    if (code === 0) return python;
  }
  return undefined;
};
