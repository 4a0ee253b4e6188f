/* Where the results go: a line of JSON each, written as soon as it is known, so that what ran stays when the rest fails. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** One result of a section. */
type Row = Record<string, unknown>;

/** Writes a result of the section. */
export type Report = (row: Row) => void;

/** Results go to `check-gpu.jsonl` in the folder `OUT` names, else the current one, and to the screen. */
export const reportOf = (section: string): Report => {
  const folder = process.env.OUT ?? '.';
  mkdirSync(folder, { recursive: true });
  return row => {
    const line = JSON.stringify({ section, at: new Date().toISOString(), ...row });
    appendFileSync(join(folder, 'check-gpu.jsonl'), `${line}\n`);
    console.log(line);
  };
};

/** Digits that a time in milliseconds deserves. */
export const rounded = (x: number): number => Number(x.toPrecision(4));
