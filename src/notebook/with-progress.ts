import { interruptible } from './interrupt';
import { type JobRow, jobTable } from './job-table';
import { clock } from './pace';
import { progress, type ProgressOptions } from './progress';

/** What made something that was found: a commit, and the seconds that it took. */
export type FoundMaking = { readonly commit: string; readonly seconds: number };

/** What `withProgress` hands to its work: the signal that an interrupt aborts, and the way to say how far it is. */
export type Watch = {
  signal: AbortSignal;
  /**
   * `done` of `total`, and what is at work; the last argument says what made the part just done, where it was found and
   * not made now.
   */
  onProgress: (done: number, total?: number, label?: string, found?: readonly FoundMaking[]) => void;
  /** The jobs of a queue that are waited for: shown as a table that updates in place. */
  onJobs: (jobs: readonly JobRow[]) => void;
};

/** What is told of results that were found: 'from cache, made by 1a2b3c4 in 6:14'. */
const foundText = (makers: readonly FoundMaking[]): string => {
  const distinct = [...new Map(makers.map(made => [JSON.stringify(made), made])).values()];
  const commits = [...new Set(distinct.map(({ commit }) => commit))];
  const seconds = distinct.reduce((sum, made) => sum + made.seconds, 0);
  return commits.length === 0
    ? 'from cache, made by unknown code'
    : `from cache, made by ${commits.join(', ')} in ${clock(seconds)}`;
};

/**
 * Runs `work` with a progress line that closes with it, and so that the kernel's interrupt button stops it as
 * `interruptible` says. Rate and time left count what is made now; of what was found, the line says who made it.
 * @param options.total where the work does not tell it; it may change with each report
 * @example
 * const images = 64_000;
 * await withProgress({ label: 'training' }, ({ signal, onProgress }) =>
 *   run.train({ images, signal, onReport: report => onProgress(report.images, images) }),
 * );
 */
export const withProgress = async <T>(options: ProgressOptions, work: (watch: Watch) => Promise<T> | T): Promise<T> => {
  const line = progress(options);
  const jobs = jobTable();
  const makers: FoundMaking[] = [];
  let [reached, found] = [0, 0];
  const onProgress: Watch['onProgress'] = (done, total, label, made) => {
    if (made !== undefined) {
      found += Math.max(0, done - reached);
      makers.push(...made);
    }
    reached = done;
    line.update(done, label === undefined ? {} : { at: label }, {
      made: done - found,
      ...(total !== undefined && { total }),
      ...(found > 0 && { found: foundText(makers) }),
    });
  };
  try {
    return await interruptible(async signal => work({ signal, onProgress, onJobs: jobs.update }));
  } finally {
    line.done({});
    jobs.done();
  }
};
