import { counted, type Row, table } from '../figures';
import { bundleOf } from './display';
import { openOutput } from './kernel';

/** A job of a queue, as the table shows it. */
export type JobRow = {
  readonly label: string;
  readonly state: string;
  readonly worker?: string;
  readonly done?: number;
  readonly what?: string;
  readonly problem?: string;
};

const MOST_ROWS = 24;
const SHORTEST_PAUSE = 500; // ms between two drawings

/** What a reader looks for first. */
const ORDER = ['failed', 'refused', 'running', 'waiting', 'done'];

/** '3 running, 12 waiting, 5 done'. */
const countsText = (jobs: readonly JobRow[]): string =>
  ORDER.map(state => [jobs.filter(job => job.state === state).length, state] as const)
    .filter(([n]) => n > 0)
    .map(([n, state]) => `${n} ${state}`)
    .join(', ');

/** In the first row while nothing happens: a caption would be broken to the width of the table. */
const NO_WORKER = 'no worker has taken a job yet; start one: npx cosim worker';

/**
 * The rows of the table: the first of many, those that need a look before those that do not. A column that no row would
 * fill is left out.
 */
export const jobRows = (jobs: readonly JobRow[]): Row[] => {
  const untouched = jobs.every(({ state, worker }) => state === 'waiting' && worker === undefined);
  const rows = [...jobs]
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
    .slice(0, MOST_ROWS)
    .map(({ label, state, worker = '', done, what, problem }, i) => ({
      job: label,
      state,
      machine: worker,
      reached: state === 'done' ? '' : (done ?? ''),
      note: problem ?? what ?? (untouched && i === 0 ? NO_WORKER : ''),
    }));
  const isFilled = (key: string): boolean => rows.some(row => row[key as keyof (typeof rows)[number]] !== '');
  return rows.map(row => Object.fromEntries(Object.entries(row).filter(([key]) => isFilled(key))));
};

/**
 * A table of jobs under the running cell, which updates in place: `onJobs` of a study that waits for a queue. It appears
 * with the first job; outside a kernel nothing is drawn.
 */
export const jobTable = (): { update: (jobs: readonly JobRow[]) => void; done: () => void } => {
  const output = openOutput();
  let newest: readonly JobRow[] = [];
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    timer = undefined;
    if (newest.length === 0) return;
    const caption = `${counted(newest.length, 'job')}: ${countsText(newest)}`;
    output(bundleOf(table(jobRows(newest), { caption })));
  };
  return {
    update: jobs => {
      newest = jobs;
      timer ??= setTimeout(draw, SHORTEST_PAUSE);
    },
    done: () => {
      clearTimeout(timer);
      draw();
    },
  };
};
