import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { jupyterEnvironment, jupyterPython } from '../project';
import { cleanNotebook } from './clean';
import type { Cell, Notebook, Output } from './notebook-file';
import { paramsAnywhere } from './replaced-params';

/** How the kernel answered a cell (counted from 0): 'abort' is what tslab says when a cell before it failed. */
export type CellEnd = { cell: number; status: 'ok' | 'error' | 'abort'; outputs: Output[] };

/** A run of a notebook in a fresh kernel. */
export type Execution = {
  code: number; // exit code of nbconvert; 124 when the time was up
  ended: CellEnd[]; // the cells that ended, with the outputs of those that failed
  late: Output[]; // what arrived after the last cell, as from a promise that nobody awaited
  notebook?: Notebook; // with its outputs, in canonical form; absent when the run did not reach the end
  seconds: number;
  log: string; // nbconvert's own messages
};

// Two cells of ours frame the notebook's. tslab prints an unawaited rejection when the cell is already over, where
// nbconvert no longer listens: the first cell keeps such errors, the last one gives them time to happen and prints them.
// The first also leaves the kernel's process id, for an interrupt.
const ERRORS = "(globalThis as any)[Symbol.for('unhandled errors')]";
const FIRST = `{
  const errors = (${ERRORS} = []);
  process.on('unhandledRejection', error => errors.push(error)).on('uncaughtException', error => errors.push(error));
  (process as any).getBuiltinModule('fs').writeFileSync(process.env.COSIM_KERNEL_FILE, String(process.pid));
}`;
const LAST = `await new Promise(resolve => setTimeout(resolve, 300));
for (const error of ${ERRORS}) console.error(error);`;

const frameCell = (id: string, source: string): Cell => ({
  cell_type: 'code',
  id,
  metadata: {},
  source,
  outputs: [],
  execution_count: null,
});

/** The notebook without outputs, so that only a run can bring them, between our two cells. */
const framed = (notebook: Notebook): Notebook => {
  const cells = notebook.cells.map(cell => (cell.outputs ? { ...cell, outputs: [] } : cell));
  return { ...notebook, cells: [frameCell('first', FIRST), ...cells, frameCell('last', LAST)] };
};

/** Grace for nbconvert to stop its kernel after an interrupt, in ms. */
const GRACE = 5000;

/** Grace for an interrupted cell to end its training step and save, in ms. */
const SAVING = 30_000;

/**
 * Executes a notebook through `nbconvert --execute` in the real kernel, in the notebook's own folder. The file is not touched.
 * @param options.environment variables added to the kernel's environment.
 * @param options.limit seconds until the run is stopped.
 * @param options.onCell called with the index of each cell that starts.
 * @param options.signal aborted, it interrupts the cell under way as Jupyter's button does, and stops when that has ended.
 */
export const executeNotebook = (
  path: string,
  notebook: Notebook,
  options: {
    environment: NodeJS.ProcessEnv;
    limit?: number;
    onCell?: (index: number) => void;
    signal?: AbortSignal;
  },
): Promise<Execution> =>
  new Promise((resolve, reject) => {
    const { environment, limit, onCell, signal } = options;
    const started = performance.now();
    const python = jupyterPython();
    const folder = mkdtempSync(join(tmpdir(), 'cosim-notebook-'));
    const config = join(__dirname, 'nbconvert-config.py');
    const kernelFile = join(folder, 'kernel.pid');
    const variables = { ...jupyterEnvironment(), ...environment };
    const nbconvert = spawn(
      python,
      ['-m', 'nbconvert', '--to=notebook', '--execute', '--stdin'].concat(
        // A file, not stdout: the kernel inherits that pipe and makes it non-blocking, and large notebooks came out cut.
        `--output-dir=${folder}`,
        '--output=executed',
        '--ExecutePreprocessor.kernel_name=tslab',
        `--config=${config}`,
      ),
      {
        cwd: dirname(path),
        env: {
          ...variables,
          COSIM_PARAMS: paramsAnywhere(variables.COSIM_PARAMS ?? ''),
          COSIM_KERNEL_FILE: kernelFile,
        },
        detached: true, // the terminal's Ctrl-C is for us alone: nbconvert would kill a kernel that is still saving
      },
    );
    const ended: CellEnd[] = [];
    let log = '';
    let timeUp = false;
    const stop = (): void => {
      nbconvert.kill('SIGINT'); // lets nbconvert take its kernel down with it
      setTimeout(() => nbconvert.kill('SIGKILL'), GRACE).unref();
    };
    const timer =
      limit &&
      setTimeout(() => {
        timeUp = true;
        stop();
      }, limit * 1000);
    const interrupt = (): void => {
      if (!existsSync(kernelFile)) return stop(); // nothing has begun
      process.kill(Number(readFileSync(kernelFile, 'utf8')), 'SIGINT');
      setTimeout(stop, SAVING).unref();
    };
    if (signal?.aborted) interrupt();
    signal?.addEventListener('abort', interrupt, { once: true });

    const takeDown = (): void => void nbconvert.kill('SIGINT'); // it would outlive a process that ends before it
    process.once('exit', takeDown);

    nbconvert.stdout.resume();
    createInterface({ input: nbconvert.stderr }).on('line', line => {
      if (!line.startsWith('{"event"')) return void (log += `${line}\n`);
      const { event, ...end } = JSON.parse(line) as { event: 'start' | 'end' } & CellEnd;
      const cell = end.cell - 1; // the first is ours
      if (event === 'start') onCell?.(cell);
      else {
        ended.push({ ...end, cell });
        if (signal?.aborted) stop();
      }
      return undefined;
    });
    nbconvert.on('error', reject);
    nbconvert.on('close', code => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
      process.off('exit', takeDown);
      const result = join(folder, 'executed.ipynb');
      const complete = code === 0 ? (JSON.parse(readFileSync(result, 'utf8')) as Notebook) : undefined;
      rmSync(folder, { recursive: true, force: true });
      const last = complete?.cells.at(-1);
      resolve({
        code: timeUp ? 124 : (code ?? 1),
        ended,
        late: last?.outputs ?? [],
        notebook: complete && cleanNotebook({ ...complete, cells: complete.cells.slice(1, -1) }),
        seconds: (performance.now() - started) / 1000,
        log,
      });
    });
    nbconvert.stdin.end(JSON.stringify(framed(cleanNotebook(notebook))));
  });
