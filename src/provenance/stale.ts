import { ArgumentError } from '../compute/check';
import { isCodeOfToday } from './code-hash';
import { distinctMadeBy, type MadeBy } from './made-by';

/**
 * Whether a stored result was computed by other code than today's, or it is not known by which.
 * @param madeBy as it was stored; none: unknown
 */
export const isStale = (madeBy: readonly MadeBy[]): boolean =>
  madeBy.length === 0 || madeBy.some(({ code }) => !isCodeOfToday(code));

/**
 * Whether results of other code are to be computed again: `COSIM_FRESH=1`, as `npm run notebooks -- run --fresh` sets it.
 * @throws ArgumentError for a value other than 0 and 1
 */
export const freshWanted = (): boolean => {
  const value = process.env.COSIM_FRESH ?? '';
  if (!['', '0', '1'].includes(value)) throw new ArgumentError(`COSIM_FRESH must be 0 or 1, got '${value}'`);
  return value === '1';
};

/** The marks that `withMarks` leaves in the rows of a result. */
export type Made = {
  /** What computed the row; none: computed before results kept it. */
  madeBy?: readonly MadeBy[];
  /** Computed by other code than today's. */
  stale?: boolean;
  /** Of a study that was stopped before its end. */
  interrupted?: boolean;
};

/** A result, or each entry of its lists, with what is to be said of it; numbers and texts have no place for it. */
export const withMarks = <R>(result: R, marks: Made): R => {
  const isRow = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  const mark = <V>(value: V): V => (isRow(value) ? { ...value, ...marks } : value);
  if (Array.isArray(result)) return result.map(mark) as R;
  if (!isRow(result)) return result;
  const entries = Object.entries(result as object).map(([key, value]) => [
    key,
    Array.isArray(value) && key !== 'madeBy' ? (value as unknown[]).map(mark) : (value as unknown),
  ]);
  return { ...(Object.fromEntries(entries) as R), ...marks };
};

/**
 * Rows that were just computed, with what computed them behind what each was measured against.
 * @param interrupted the study was stopped before its end
 */
export const madeNow = <R extends object>(rows: readonly R[], made: MadeBy, interrupted = false): (R & Made)[] =>
  rows.map(row => ({
    ...row,
    madeBy: [...((row as Made).madeBy ?? []), made],
    ...(interrupted && { interrupted }),
  }));

/** A result without what made its rows, and all that made them: a row may have been measured against what was kept. */
export const takeMadeBy = <R>(result: R): { result: R; madeBy: MadeBy[] } => {
  const makers: MadeBy[] = [];
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    const { madeBy, ...rest } = value as Made;
    if (madeBy !== undefined) makers.push(...madeBy);
    return Object.fromEntries(Object.entries(rest).map(([key, entry]) => [key, plain(entry)]));
  };
  const bare = plain(result) as R;
  return { result: bare, madeBy: distinctMadeBy(makers) };
};
