/** '48 s', '6 min': as exact as an estimate deserves. */
export const clock = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;

/** One line at the foot of the terminal that renews itself, and lines above it that stay. */
export type ProgressLine = {
  /** Replaces what is said of a job; nothing removes it. Shown on a terminal only. */
  set: (job: string, state: string | undefined) => void;
  /** A line that stays. */
  print: (line: string) => void;
};

/** The progress of jobs under way, cut at the terminal's width; elsewhere than on a terminal only the lines that stay. */
export const progressLine = (): ProgressLine => {
  const { isTTY = false, columns = 80 } = process.stdout;
  const running = new Map<string, string>();
  const draw = (): void => {
    const line = [...running].map(([job, state]) => `${job}: ${state}`).join(' | ');
    if (isTTY) process.stdout.write(`\r\x1b[K${line.slice(0, columns - 1)}`);
  };
  return {
    set: (job, state) => {
      if (state === undefined) running.delete(job);
      else running.set(job, state);
      draw();
    },
    print: line => {
      if (isTTY) process.stdout.write('\r\x1b[K');
      console.log(line);
      draw();
    },
  };
};

/**
 * Seconds that notebooks under way and waiting will still take: each by its measured time, corrected by how much longer
 * or shorter than theirs those took that are done. Nothing where one was never measured.
 * @param jobs how many run at once
 */
export const secondsLeft = (
  notebooks: readonly { expected?: number; elapsed: number; done: boolean }[],
  jobs: number,
): number | undefined => {
  if (notebooks.some(({ expected }) => expected === undefined)) return undefined;
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const done = notebooks.filter(notebook => notebook.done);
  const measured = sum(done.map(({ expected = 0 }) => expected));
  const pace = measured > 0 ? sum(done.map(({ elapsed }) => elapsed)) / measured : 1;
  const left = notebooks
    .filter(notebook => !notebook.done)
    .map(({ expected = 0, elapsed }) => Math.max(0, pace * expected - elapsed));
  return Math.max(0, ...left, sum(left) / jobs);
};
