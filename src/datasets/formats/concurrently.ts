/** Runs `task` for 0 to n - 1, `lanes` at a time; the first error ends it, after those that run. */
export const concurrently = async (n: number, task: (index: number) => Promise<void>, lanes = 32): Promise<void> => {
  let [next, failed] = [0, false];
  const lane = async (): Promise<void> => {
    while (next < n && !failed)
      try {
        await task(next++);
      } catch (error) {
        failed = true;
        throw error;
      }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(lanes, n) }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
};
