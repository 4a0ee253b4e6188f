import { getBackend } from '@tensorflow/tfjs-core';
import { commitHash, distinctMadeBy, type Machine, type MadeBy, makerKey, thisMachine } from '../provenance';

/** Where the numbers of a figure come from; stored beside every figure. */
export type Provenance = {
  preset: string;
  seeds: readonly number[];
  /** Of this process, where it computed the numbers: short hash, '-dirty' when tracked code differs from it, 'unknown' outside git. */
  commit: string;
  machine: Machine;
  node: string;
  /** Of tensorflow.js; 'none' when none was started. */
  backend: string;
  /** ISO 8601, UTC. */
  date: string;
  [extra: string]: unknown;
};

/** What is stored beside a figure whose numbers carry what computed them; nothing in it is of the time of drawing. */
export type ResultsProvenance = {
  preset: string;
  seeds: readonly number[];
  madeBy: readonly MadeBy[];
  /** There are rows of which it is not known what computed them. */
  unknownRows?: boolean;
  [extra: string]: unknown;
};

/**
 * The record that says how numbers were made that this process has just computed: preset and seeds as given, the rest
 * read from this process. Further keys are kept as they are.
 */
export const provenance = (made: {
  preset: string;
  seeds: readonly number[];
  [extra: string]: unknown;
}): Provenance => ({
  commit: commitHash(),
  machine: thisMachine(),
  node: process.version,
  backend: getBackend() ?? 'none',
  date: new Date().toISOString(),
  ...made,
});

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Takes what made the rows out of them: each row keeps the places of its makers in one list, and a row of unknown makers
 * an empty one.
 * @returns the numbers as they are stored, the makers, whether there are rows of unknown makers, and of a study that was stopped
 */
export const collectMadeBy = (
  numbers: unknown,
): { numbers: unknown; madeBy: MadeBy[]; unknown: boolean; interrupted: boolean } => {
  const all: MadeBy[] = [];
  let [unknown, interrupted] = [false, false];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(look);
    else if (isRecord(value))
      for (const [key, entry] of Object.entries(value))
        if (key === 'interrupted' && entry === true) interrupted = true;
        else if (key !== 'madeBy') look(entry);
        else if ((entry as MadeBy[]).length === 0) unknown = true;
        else all.push(...(entry as MadeBy[]));
  };
  look(numbers);
  const madeBy = distinctMadeBy([...new Set(all)]); // rows of one result share theirs
  const places = new Map(madeBy.map((made, i) => [makerKey(made), i]));
  const write = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(write);
    if (!isRecord(value)) return value;
    const entries = Object.entries(value).filter(
      ([key]) => !['stale', 'interrupted'].includes(key) || !('madeBy' in value),
    );
    return Object.fromEntries(
      entries.map(([key, entry]) => [
        key,
        key === 'madeBy' ? (entry as MadeBy[]).map(made => places.get(makerKey(made))) : write(entry),
      ]),
    );
  };
  return { numbers: write(numbers), madeBy, unknown, interrupted };
};
