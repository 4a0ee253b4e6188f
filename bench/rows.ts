/* The rows of bench/results.json. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CASES, SCALING } from './cases';
import type { Row } from './one-case';

/** A row with where and from what it was measured. */
export type Measured = Row & { date: string; commit: string; machine: string; node: string; block: number };

export const RESULTS = join(__dirname, 'results.json');

/** All rows of bench/results.json; none where there is no such file. */
export const measuredRows = (): Measured[] =>
  existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as { rows: Measured[] }).rows : [];

const keyOf = (row: Row): string =>
  [row.case, row.engine, row.workers, row.torch_version ?? '', row.torch_mode ?? ''].join(' ');

/** Fresh rows in the place of stored ones of the same case, engine, workers and PyTorch, among the others. */
export const mergedRows = (stored: readonly Measured[], fresh: readonly Measured[]): Measured[] => {
  const replaced = new Set(fresh.map(keyOf));
  const all = [...stored.filter(row => !replaced.has(keyOf(row))), ...fresh];
  const order = [...CASES, ...SCALING].map(({ name }) => name);
  return all.sort((a, b) => order.indexOf(a.case) - order.indexOf(b.case) || a.engine.localeCompare(b.engine));
};
