/* README's table of speed, from bench/results.json; `npm run tables` writes it there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../src/figures';
import { CASES } from './cases';
import type { Row } from './one-case';

export type Measured = Row & { date: string; commit: string; machine: string; node: string; block: number };

/** All rows of bench/results.json. */
export const measuredRows = (): Measured[] =>
  (JSON.parse(readFileSync(join(__dirname, 'results.json'), 'utf8')) as { rows: Measured[] }).rows;

/** The rows that stand beside PyTorch's. */
export const comparedRows = (rows: readonly Measured[]): Measured[] => {
  const named = new Set(CASES.map(({ name }) => name));
  return rows.filter(row => named.has(row.case) && row.ratio !== null);
};

/** Machines, with their versions, and commits of these rows. */
export const placesOf = (rows: readonly Measured[]): { places: string[]; commits: string[] } => ({
  places: [
    ...new Set(rows.map(({ machine, node, torch_version: torch }) => `${machine}, Node ${node}, PyTorch ${torch}`)),
  ],
  commits: [...new Set(rows.map(({ commit }) => commit))],
});

const cell = (ms: number, spread: number | null): string => `${ms.toFixed(1)} ±${(50 * (spread ?? 0)).toFixed(0)} %`;

/** One line a case and engine, and where it was measured, as Markdown. */
export const speedBlock = (): string => {
  const compared = comparedRows(measuredRows());
  const lines = compared.map(row => ({
    case: row.case,
    engine: row.engine,
    'ours, ms': cell(row.ours_ms, row.ours_spread),
    'PyTorch, ms': cell(row.torch_ms!, row.torch_spread),
    ratio: row.ratio!.toFixed(2),
    'CPU, ours / PyTorch': `${row.ours_cpu_ms.toFixed(0)} / ${row.torch_cpu_ms!.toFixed(0)}`,
    'peak MB, ours / PyTorch': `${row.ours_peak_mb.toFixed(0)} / ${row.torch_peak_mb!.toFixed(0)}`,
    n: String(row.n),
  }));
  const { places, commits } = placesOf(compared);
  const note = `_${places.join('; ')}; commit ${commits.join(', ')}; ± half the interquartile range; \`bench/results.json\`._`;
  return `${table(lines).markdown}\n\n${note}`;
};
