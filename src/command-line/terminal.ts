import { onOneLine, printable } from '../text';

/** Where a command writes: results to `out`, what happens on the way to `err`. */
export type Terminal = {
  out: (text: string) => void;
  err: (text: string) => void;
  /** `err` is a screen, on which a line can be written over. */
  live: boolean;
  /** Writes over the last line of that screen; `shownSafely` gives it. */
  overwrite?: (text: string) => void;
  /** The user's answer to a question; absent where nobody sits there. */
  ask?: (question: string) => Promise<string>;
};

/** The same terminal, on which nothing that a file or a message says is more than text: control characters are shown. */
export const shownSafely = (terminal: Terminal): Terminal => ({
  ...terminal,
  out: text => {
    terminal.out(printable(text));
  },
  err: text => {
    terminal.err(printable(text));
  },
  overwrite: text => {
    terminal.err(`\r\x1b[K${onOneLine(text)}`);
  },
});

/** A line of progress that is written over by the next; nothing where there is no screen. */
export const progressLine = ({ live, overwrite }: Terminal): { show: (text: string) => void; clear: () => void } => ({
  show: text => {
    if (live) overwrite?.(text);
  },
  clear: () => {
    if (live) overwrite?.('');
  },
});

/** Rows as columns: all but the last padded to the widest. Each row is one line, whatever is in it. */
export const columns = (table: readonly (readonly string[])[]): string => {
  const rows = table.map(row => row.map(onOneLine));
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
