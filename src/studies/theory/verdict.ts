/** What the numbers say of one statement of the paper; saved beside its figure, read by the table of verdicts. */
export type Verdict = {
  /** 'Theorem 3.1'. */
  statement: string;
  /** Which reading of it was measured, in a line. */
  reading: string;
  holds: boolean;
} & Record<string, unknown>; // the numbers that decide

/** Rows behind a figure and what they say. */
export type Checked<R> = { rows: R[]; verdict: Verdict };
