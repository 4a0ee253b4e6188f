/** Where a command writes: results to `out`, what happens on the way to `err`. */
export type Terminal = {
  out: (text: string) => void;
  err: (text: string) => void;
  /** `err` is a screen, on which a line can be written over. */
  live: boolean;
  /** The user's answer to a question; absent where nobody sits there. */
  ask?: (question: string) => Promise<string>;
};

/** A line of progress that is written over by the next; nothing where there is no screen. */
export const progressLine = ({ err, live }: Terminal): { show: (text: string) => void; clear: () => void } => ({
  show: text => {
    if (live) err(`\r\x1b[K${text}`);
  },
  clear: () => {
    if (live) err('\r\x1b[K');
  },
});

/** Rows as columns: all but the last padded to the widest. */
export const columns = (rows: readonly (readonly string[])[]): string => {
  const widths: number[] = [];
  for (const row of rows) row.forEach((text, i) => (widths[i] = Math.max(widths[i] ?? 0, text.length)));
  return rows
    .map(row => row.map((text, i) => (i === row.length - 1 ? text : text.padEnd(widths[i]))).join('  '))
    .map(text => `${text.trimEnd()}\n`)
    .join('');
};

/** 1234567 as 1,234,567, the same in every locale. */
export const grouped = (count: number): string => count.toLocaleString('en-US');

/** A path as it can be pasted into a shell. */
export const quoted = (path: string): string =>
  /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
