/** Lets the event loop turn once: messages leave, signals arrive. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/**
 * Runs `work` with a signal that the kernel's interrupt button (SIGINT) aborts. `work` sees `signal.aborted`, saves and
 * returns; its value is the result, the cell ends well and the kernel lives. A second interrupt, while `work` is still
 * saving, falls through to what SIGINT did before: it ends the cell in a kernel and the process in a script.
 *
 * `work` must let the event loop turn now and then, or it never hears the signal. What it made must live in an object
 * from an earlier cell, or be returned.
 * @example
 * await interruptible(signal => run.train({ images: p.images, signal }));
 */
export const interruptible = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  // tslab runs a cell's first turn with Node's own SIGINT watch, which restores the handlers of before when that turn
  // ends: one installed earlier than the second turn would be lost, and the next interrupt would kill the kernel.
  await turn();
  const controller = new AbortController();
  const before = process.listeners('SIGINT');
  let restored = false;
  const restore = (): void => {
    if (restored) return;
    restored = true;
    for (const listener of before) process.on('SIGINT', listener);
    process.off('SIGINT', onInterrupt);
  };
  const onInterrupt = (): void => {
    if (!controller.signal.aborted) return controller.abort();
    restore();
    process.kill(process.pid, 'SIGINT');
  };
  // The kernel's own listener would fail the cell at once, while `work` is still saving. Ours goes in first: a moment
  // without any listener would give SIGINT back its deadly default.
  process.on('SIGINT', onInterrupt);
  for (const listener of before) process.off('SIGINT', listener);
  try {
    return await work(controller.signal);
  } finally {
    restore();
  }
};
