/** What was opened for a task. */
export type ResourceScope = {
  /** Of the thing just opened. */
  onClose: (close: () => unknown) => void;
  /** Everything, the last first; once. */
  close: () => Promise<void>;
};

/** Runs `open`, which registers what it opens as it goes: if it fails half-way, all that is open is closed again. */
export const withResources = async <T>(open: (things: ResourceScope) => Promise<T>): Promise<T> => {
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
