import { interruptible } from '../notebook';

/** The user has stopped the work; what is finished is kept. Ends the program with 130, as shells expect of Ctrl-C. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

/**
 * Runs `work` with a signal that Ctrl-C aborts; a second Ctrl-C ends the process at once.
 * @throws Interrupted when it was stopped that way
 */
export const stoppable = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  interruptible(async signal => {
    try {
      return await work(signal);
    } catch (error) {
      if (signal.aborted) throw new Interrupted('stopped; the same command goes on where it was');
      throw error;
    }
  });
