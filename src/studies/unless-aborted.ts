/** What `work` returns; nothing where the signal was given, before it or while it ran. Other errors stay errors. */
export const unlessAborted = async <R>(work: () => Promise<R>, signal?: AbortSignal): Promise<R | undefined> => {
  if (signal?.aborted) return undefined;
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
};
