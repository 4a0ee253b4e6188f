import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Signals that ask a program to end: Ctrl-C, `kill`, a terminal that was closed, Ctrl-\\; with what shells expect back. */
const ENDS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const;

type EndSignal = keyof typeof ENDS;
/** How a program that was asked to end does: 128 and the number of the signal. */
export type StopCode = (typeof ENDS)[EndSignal];

/** The user, or the system, has asked for the end of the work. */
export class Stopped extends Error {
  override name = 'Stopped';
  constructor(
    message: string,
    readonly code: StopCode = ENDS.SIGINT,
  ) {
    super(message);
  }
}

const signals = Object.keys(ENDS) as EndSignal[];

/**
 * Runs `work` with a signal that Ctrl-C, `kill`, or the end of the terminal gives, so that it can tidy up; a second one
 * ends the process at once.
 * @throws Stopped with `message` when it was stopped that way
 */
export const stoppable = async <T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const stop = new AbortController();
  const onSignal = (signal: EndSignal): void => {
    release(); // the next one is the system's to answer
    stop.abort(new Stopped(message, ENDS[signal]));
  };
  const release = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work(stop.signal);
  } catch (error) {
    stop.signal.throwIfAborted(); // whatever the work made of it
    throw error;
  } finally {
    release();
  }
};

/** What this process has begun to write beside a place; a finished file is renamed to the place itself. */
const unfinished = (place: string): string[] => {
  const [folder, mine] = [dirname(place), `.${basename(place)}.${process.pid}`];
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter(name => name.startsWith(mine) && name.endsWith('.new'))
    .map(name => join(folder, name));
};

/**
 * As `stoppable`, for work that keeps nothing: it is left where it stands, at once, and what it has begun to write is
 * removed, so that at `places` there is a whole file or what was there. The process should end soon after.
 * @throws Stopped with `message` when it was stopped
 */
export const leaveable = <T>(
  message: string,
  places: readonly string[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> =>
  stoppable(message, signal => {
    const left = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        for (const path of places.flatMap(unfinished)) rmSync(path, { force: true });
        reject(signal.reason as Stopped);
      });
    });
    return Promise.race([work(signal), left]);
  });
