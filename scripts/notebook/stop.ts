/**
 * A signal that Ctrl-C (or the end of the terminal) aborts. A second Ctrl-C ends the process at once.
 * @param onStop called at the first
 */
export const stopSignal = (onStop: () => void): AbortSignal => {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
      onStop();
    });
  return controller.signal;
};
