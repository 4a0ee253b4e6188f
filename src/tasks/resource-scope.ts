/** What was opened for a task. */
export type Opened = {
  onClose: (close: () => unknown) => void; // of the thing just opened
  close: () => Promise<void>; // everything, the last first; once
};

/** Runs `open`, which registers what it opens as it goes: if it fails half-way, all that is open is closed again. */
export const opened = async <T>(open: (things: Opened) => Promise<T>): Promise<T> => {
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne();
  };
  try {
    return await open({ onClose: closeOne => closers.push(closeOne), close });
  } catch (error) {
    await close();
    throw error;
  }
};
