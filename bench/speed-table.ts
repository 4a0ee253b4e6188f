/* README's table of speed, from bench/results.json; `npm run tables` writes it there. */
import { table } from '../src/figures';
import { CASES } from './cases';
import type { Row } from './one-case';
import { type Measured, measuredRows } from './rows';

/** The rows that stand beside PyTorch's. */
export const comparedRows = (rows: readonly Measured[]): Measured[] => {
  const named = new Set(CASES.map(({ name }) => name));
  return rows.filter(row => named.has(row.case) && row.ratio !== null);
};

/** The PyTorch beside a row: its version without what it was built for, and `compile` where torch.compile was used. */
export const torchOf = ({ torch_version: version, torch_mode: mode }: Row): string =>
  `${version!.replace(/\+.*/, '')} ${mode}`;

/** Machines, with their versions, and commits of these rows. */
export const placesOf = (rows: readonly Measured[]): { places: string[]; commits: string[] } => ({
  places: [...new Set(rows.map(({ machine, node }) => `${machine}, Node ${node}`))],
  commits: [...new Set(rows.map(({ commit }) => commit))],
});

/** Rows of `onnx` are stored under the name that the engine once had. */
const nameOf = (engine: string): string => (engine === 'compiled' ? 'onnx' : engine);

const cell = (ms: number, spread: number | null): string => `${ms.toFixed(1)} ±${(50 * (spread ?? 0)).toFixed(0)} %`;

/** One line a case, engine and PyTorch, and where it was measured, as Markdown. */
export const speedBlock = (rows: readonly Measured[] = measuredRows()): string => {
  const compared = comparedRows(rows);
  const lines = compared.map(row => ({
    case: row.case,
    engine: nameOf(row.engine),
    PyTorch: torchOf(row),
    threads: String(row.torch_threads),
    'ours, ms': cell(row.ours_ms, row.ours_spread),
    'PyTorch, ms': cell(row.torch_ms!, row.torch_spread),
    ratio: row.ratio!.toFixed(2),
    'CPU, ours / PyTorch': `${row.ours_cpu_ms.toFixed(0)} / ${row.torch_cpu_ms!.toFixed(0)}`,
    'peak MB, ours / PyTorch': `${row.ours_peak_mb.toFixed(0)} / ${row.torch_peak_mb!.toFixed(0)}`,
    n: String(row.n),
  }));
  const { places, commits } = placesOf(compared);
  const note = `_${places.join('; ')}; commit ${commits.join(', ')}; ± half the interquartile range; the two sides of a row took turns on one machine, not all rows on the same; \`bench/results.json\`._`;
  return `${table(lines).markdown}\n\n${note}`;
};
