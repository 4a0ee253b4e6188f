import { ArgumentError } from '../compute/check';

/** Runs `work` with a signal that Ctrl-C gives, so that it can tidy up; `message` is what is said then. */
export const stoppable = async <T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort(new ArgumentError(message));
  process.once('SIGINT', onInterrupt);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
};
