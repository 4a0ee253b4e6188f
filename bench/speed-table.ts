/* The tables of speed in README and docs/speed.md, from bench/results.json; `npm run tables` writes them there. */
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

/** Of the rows that stand beside PyTorch's those beside the newest PyTorch. */
export const newestRows = (compared: readonly Measured[]): Measured[] => {
  const versions = compared.map(row => row.torch_version!);
  const [newest] = versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true })); // 2.15 is after 2.9
  return compared.filter(row => row.torch_version === newest);
};

/** Rows of `onnx` are stored under the name that the engine once had. */
export const engineName = (engine: string): string => (engine === 'compiled' ? 'onnx' : engine);

const cell = (ms: number, spread: number | null): string => `${ms.toFixed(1)} ±${(50 * (spread ?? 0)).toFixed(0)} %`;

const note = (rows: readonly Measured[]): string => {
  const { places, commits } = placesOf(rows);
  return `${places.join('; ')}; commit ${commits.join(', ')}`;
};

const ratio = (row: Measured | undefined): string => row?.ratio?.toFixed(2) ?? '';

/** One line a case: times of the engine `onnx`, and ratios to the newest PyTorch, as Markdown. */
export const speedBlock = (rows: readonly Measured[] = measuredRows()): string => {
  const newest = newestRows(comparedRows(rows));
  if (newest.length === 0) return 'Not measured: there is no stored result yet.';
  const lines = CASES.flatMap(({ name }) => {
    const of = (engine: string, mode: string): Measured | undefined =>
      newest.find(row => row.case === name && engineName(row.engine) === engine && row.torch_mode === mode);
    const [eager, compile] = ['eager', 'compile'].map(mode => of('onnx', mode));
    if (!eager) return [];
    return [
      {
        case: name,
        batch: String(eager.batch),
        'onnx, ms': cell(eager.ours_ms, eager.ours_spread),
        'PyTorch eager, ms': cell(eager.torch_ms!, eager.torch_spread),
        'onnx / eager': ratio(eager),
        'onnx / torch.compile': ratio(compile),
        'xla on cpu / eager': ratio(of('xla on cpu', 'eager')),
        'peak memory, onnx / eager': (eager.ours_peak_mb / eager.torch_peak_mb!).toFixed(2),
      },
    ];
  });
  const version = newest[0].torch_version!.replace(/\+.*/, '');
  return `${table(lines).markdown}\n\n_PyTorch ${version} on as many threads; ${note(newest)}; every row and older ones: [docs/speed.md](docs/speed.md)._`;
};

/** One line a case, engine and PyTorch, and where it was measured, as Markdown. */
export const speedRowsBlock = (rows: readonly Measured[] = measuredRows()): string => {
  const compared = comparedRows(rows);
  const lines = compared.map(row => ({
    case: row.case,
    engine: engineName(row.engine),
    PyTorch: torchOf(row),
    threads: String(row.torch_threads),
    'ours, ms': cell(row.ours_ms, row.ours_spread),
    'PyTorch, ms': cell(row.torch_ms!, row.torch_spread),
    ratio: row.ratio!.toFixed(2),
    'CPU, ours / PyTorch': `${row.ours_cpu_ms.toFixed(0)} / ${row.torch_cpu_ms!.toFixed(0)}`,
    'peak MB, ours / PyTorch': `${row.ours_peak_mb.toFixed(0)} / ${row.torch_peak_mb!.toFixed(0)}`,
    n: String(row.n),
    commit: row.commit,
  }));
  return `${table(lines).markdown}\n\n_${note(compared)}; ± half the interquartile range; \`bench/results.json\`._`;
};
