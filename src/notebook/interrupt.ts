/** Lets the event loop turn once: messages leave, signals arrive. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** For each `work` under way the listeners to SIGINT that it keeps from hearing it. */
const running = new Map<AbortController, Set<NodeJS.SignalsListener>>();

const heldBy = (works: Iterable<Set<NodeJS.SignalsListener>>): Set<NodeJS.SignalsListener> =>
  new Set([...works].flatMap(listeners => [...listeners]));

const onInterrupt: NodeJS.SignalsListener = () => {
  const unasked = [...running.keys()].filter(({ signal }) => !signal.aborted);
  for (const controller of unasked) controller.abort();
  if (unasked.length > 0) return;
  for (const listener of heldBy(running.values())) process.on('SIGINT', listener);
  for (const listeners of running.values()) listeners.clear();
  process.off('SIGINT', onInterrupt);
  process.kill(process.pid, 'SIGINT');
};

/**
 * Puts our listener in the place of all others: the kernel's own would fail the cell at once, while `work` is still saving.
 * Ours goes in first: a moment without any listener would give SIGINT back its deadly default. What works before it hold, this
 * one holds too.
 */
const takeOver = (controller: AbortController): void => {
  const all = process.listeners('SIGINT');
  const others = all.filter(listener => listener !== onInterrupt);
  if (others.length === all.length) process.on('SIGINT', onInterrupt);
  for (const listener of others) process.off('SIGINT', listener);
  running.set(controller, new Set([...heldBy(running.values()), ...others]));
};

/** Gives back what no other work holds. */
const release = (controller: AbortController): void => {
  const own = running.get(controller)!;
  running.delete(controller);
  const kept = heldBy(running.values());
  for (const listener of own) if (!kept.has(listener)) process.on('SIGINT', listener);
  if (running.size === 0) process.off('SIGINT', onInterrupt);
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
  takeOver(controller);
  try {
    return await work(controller.signal);
  } finally {
    release(controller);
  }
};
