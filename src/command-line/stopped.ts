/** The user has stopped the work with Ctrl-C; the program ends with 130, as shells expect. */
export class Stopped extends Error {
  override name = 'Stopped';
}

/**
 * Runs `work` with a signal that Ctrl-C gives, so that it can tidy up; a second Ctrl-C ends the process at once.
 * @throws Stopped with `message` when it was stopped that way
 */
export const stoppable = async <T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort(new Stopped(message));
  process.once('SIGINT', onInterrupt);
  try {
    return await work(stop.signal);
  } catch (error) {
    stop.signal.throwIfAborted(); // whatever the work made of it
    throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
};
