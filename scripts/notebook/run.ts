import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { executeNotebook } from './execute';
import { newFigures } from './figures';
import { isFinished, rememberFinished } from './finished';
import { codeCells, formatNotebook, notebookName, readNotebook, replaceFile } from './notebook-file';
import { clock, progressLine, secondsLeft } from './progress';
import { expectedSeconds } from './times';
import { runProblems } from './verdict';

/** What came of running one notebook; no problems means that it passed. */
export type NotebookResult = { name: string; began: number; seconds: number; problems: string[] }; // began: ms

/** How notebooks are run. */
export type RunNotebooksOptions = {
  /** Passed on as COSIM_PRESET. */
  preset: string;
  /** Notebooks at once; no more than there are cores. */
  jobs: number;
  /** Results that other code computed are computed again. */
  fresh?: boolean;
  /** Where a notebook that passed is written with its outputs: over its own file, or into a folder; nowhere by default. */
  write?: 'in place' | { folder: string };
  /** Those that this code has run to the end and written before are not run again. */
  resume?: boolean;
  /** Stops what runs, which keeps what it has, and begins no more. */
  signal?: AbortSignal;
};

/** Seconds that a preset gives one notebook; the others have no limit. */
const LIMITS: Partial<Record<string, number>> = { smoke: 120 };

/** A notebook of this run, as the estimate of the time left sees it. */
type Job = { path: string; name: string; expected?: number; began?: number; ended?: number };

const secondsSince = (began: number, ended = Date.now()): number => (ended - began) / 1000;

const leftOf = (jobs: readonly Job[], atOnce: number): string => {
  const left = secondsLeft(
    jobs.map(({ expected, began, ended }) => ({
      expected,
      elapsed: began === undefined ? 0 : secondsSince(began, ended),
      done: ended !== undefined,
    })),
    atOnce,
  );
  if (left === undefined) return '';
  return left < 1 ? ', nearly done' : `, about ${clock(left)} left`;
};

/** The number that a notebook's name begins with: a terminal has little room. */
const shortName = (name: string): string => /^\d+/.exec(name)?.[0] ?? name;

/**
 * Runs notebooks in fresh kernels, `jobs` at a time, and prints a line and the problems of each, and each figure's path
 * when it is written.
 */
export const runNotebooks = async (
  paths: readonly string[],
  { preset, jobs: most, fresh = false, write, resume = false, signal }: RunNotebooksOptions,
): Promise<NotebookResult[]> => {
  const line = progressLine();
  const width = Math.max(8, ...paths.map(path => notebookName(path).length));
  const atOnce = Math.min(most, availableParallelism(), paths.length);
  const results: NotebookResult[] = [];
  const target = (path: string): string =>
    write === undefined || write === 'in place' ? path : join(write.folder, basename(path));

  const done = resume && !fresh ? paths.filter(path => isFinished(path, preset, target(path))) : [];
  for (const path of done) line.print(`${notebookName(path).padEnd(width)}  was run before by this code`);
  const jobs = paths
    .filter(path => !done.includes(path))
    .map((path): Job => ({ path, name: notebookName(path), expected: expectedSeconds(notebookName(path), preset) }));

  const figures = newFigures(preset);
  const printFigures = (): void => figures().forEach(path => line.print(`  ${path}`));
  const watch = setInterval(printFigures, 1000);

  const runOne = async (job: Job): Promise<void> => {
    const { path, name } = job;
    const notebook = readNotebook(path);
    const count = codeCells(notebook).length;
    const began = (job.began = Date.now());
    if (!process.stdout.isTTY && job.expected !== undefined)
      line.print(`${name.padEnd(width)}  begins, about ${clock(job.expected)}`);
    let cells = 0;
    const show = (): void => {
      const place = `cell ${Math.min(Math.max(1, cells), count)} of ${count}, ${clock(secondsSince(began))}`;
      line.set(shortName(name), `${place}${leftOf(jobs, atOnce)}`);
    };
    const timer = setInterval(show, 500);
    const execution = await executeNotebook(path, notebook, {
      environment: { COSIM_PRESET: preset, ...(fresh && { COSIM_FRESH: '1' }) },
      limit: LIMITS[preset],
      onCell: () => void cells++,
      signal,
    }).finally(() => {
      clearInterval(timer);
      job.ended = Date.now();
      line.set(shortName(name), undefined);
    });
    printFigures();
    const { seconds } = execution;
    if (signal?.aborted && !execution.notebook) {
      line.print(`${name.padEnd(width)}  stopped in cell ${cells} of ${count}`);
      results.push({ name, began, seconds, problems: ['stopped'] });
      return;
    }
    const problems = runProblems(notebook, execution);
    if (write && problems.length === 0 && execution.notebook) {
      if (write !== 'in place') mkdirSync(write.folder, { recursive: true });
      replaceFile(target(path), formatNotebook(execution.notebook));
      rememberFinished(path, preset, target(path));
    }
    const verdict = problems.length === 0 ? 'passed' : 'FAILED';
    const left = jobs.some(({ ended }) => ended === undefined) ? leftOf(jobs, atOnce) : '';
    line.print(`${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s  ${verdict}${left}`);
    for (const problem of problems) line.print(`    ${problem.replaceAll('\n', '\n      ')}`);
    results.push({ name, began, seconds, problems });
  };

  const queue = [...jobs];
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job !== undefined && !signal?.aborted; job = queue.shift()) await runOne(job);
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, worker));
  } finally {
    clearInterval(watch);
  }
  return results;
};
