import { availableParallelism } from 'node:os';
import { executeNotebook } from './execute';
import { codeCells, formatNotebook, notebookName, readNotebook, replaceFile } from './notebook-file';
import { runProblems } from './verdict';

/** What came of running one notebook; no problems means that it passed. */
export type NotebookResult = { name: string; began: number; seconds: number; problems: string[] }; // began: ms

/** Seconds that a preset gives one notebook; the others have no limit. */
const LIMITS: Partial<Record<string, number>> = { smoke: 60 };

/** Progress of the notebooks under way: one line that renews itself on a terminal, one line per notebook elsewhere. */
const progressLine = (): { set: (name: string, state: string | undefined) => void; print: (line: string) => void } => {
  const { isTTY = false, columns = 120 } = process.stdout;
  const running = new Map<string, string>();
  const draw = (): void => {
    const line = [...running].map(([name, state]) => `${name} ${state}`).join(' | ');
    if (isTTY) process.stdout.write(`\r\x1b[K${line.slice(0, columns - 1)}`);
  };
  return {
    set: (name, state) => {
      if (state === undefined) running.delete(name);
      else running.set(name, state);
      draw();
    },
    print: line => {
      if (isTTY) process.stdout.write('\r\x1b[K');
      console.log(line);
      draw();
    },
  };
};

/**
 * Runs notebooks in fresh kernels, `jobs` at a time (no more than there are cores), and prints a line and the problems of each.
 * With `write`, a notebook that passed replaces its file; with `fresh`, results of other code are computed again.
 */
export const runNotebooks = async (
  paths: string[],
  { preset, jobs, write, fresh }: { preset: string; jobs: number; write: boolean; fresh: boolean },
): Promise<NotebookResult[]> => {
  const progress = progressLine();
  const width = Math.max(8, ...paths.map(path => notebookName(path).length));
  const results: NotebookResult[] = [];

  const runOne = async (path: string): Promise<NotebookResult> => {
    const name = notebookName(path);
    const notebook = readNotebook(path);
    const count = codeCells(notebook).length;
    const started = Date.now();
    let done = -1;
    const onCell = (): void => void done++;
    const show = (): void =>
      progress.set(name, `cell ${Math.min(done + 1, count)}/${count} ${Math.round((Date.now() - started) / 1000)} s`);
    const timer = setInterval(show, 500);
    const execution = await executeNotebook(path, notebook, {
      environment: { COSIM_PRESET: preset, ...(fresh && { COSIM_FRESH: '1' }) },
      limit: LIMITS[preset],
      onCell,
    });
    clearInterval(timer);
    progress.set(name, undefined);
    const problems = runProblems(notebook, execution);
    if (write && problems.length === 0 && execution.notebook) replaceFile(path, formatNotebook(execution.notebook));
    const verdict = problems.length === 0 ? 'passed' : 'FAILED';
    progress.print(`${name.padEnd(width)}  ${execution.seconds.toFixed(1).padStart(6)} s  ${verdict}`);
    for (const problem of problems) progress.print(`    ${problem.replaceAll('\n', '\n      ')}`);
    return { name, began: started, seconds: execution.seconds, problems };
  };

  const queue = [...paths];
  const worker = async (): Promise<void> => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) results.push(await runOne(path));
  };
  await Promise.all(Array.from({ length: Math.min(jobs, availableParallelism()) }, worker));
  return results;
};
