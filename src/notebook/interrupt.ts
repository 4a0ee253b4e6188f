/** Lets the event loop turn once: messages leave, signals arrive. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** One for each `work` under way. */
const running = new Set<AbortController>();

/** What listened to SIGINT before ours. */
const before = new Set<NodeJS.SignalsListener>();

const onInterrupt: NodeJS.SignalsListener = () => {
  const unasked = [...running].filter(({ signal }) => !signal.aborted);
  for (const controller of unasked) controller.abort();
  if (unasked.length > 0) return;
  restore();
  process.kill(process.pid, 'SIGINT');
};

/**
 * Puts our listener in the place of all others: the kernel's own would fail the cell at once, while `work` is still saving.
 * Ours goes in first: a moment without any listener would give SIGINT back its deadly default.
 */
const takeOver = (): void => {
  const others = process.listeners('SIGINT').filter(listener => listener !== onInterrupt);
  if (others.length === process.listenerCount('SIGINT')) process.on('SIGINT', onInterrupt);
  for (const listener of others) {
    before.add(listener);
    process.off('SIGINT', listener);
  }
};

const restore = (): void => {
  for (const listener of before) process.on('SIGINT', listener);
  before.clear();
  process.off('SIGINT', onInterrupt);
};

/**
 * Runs `work` with a signal that the kernel's interrupt button (SIGINT) aborts. `work` sees `signal.aborted`, saves and
 * returns; its value is the result, the cell ends well and the kernel lives. A second interrupt, while `work` is still
 * saving, falls through to what SIGINT did before: it ends the cell in a kernel and the process in a script. Of several
 * at once an interrupt reaches all.
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
  running.add(controller);
  takeOver();
  try {
    return await work(controller.signal);
  } finally {
    running.delete(controller);
    if (running.size === 0) restore();
  }
};
