/* RESULTS.md's table of the paper's own networks on this machine, from bench/full-width.json. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../src/figures';

type Times = { wall_s: number; cpu_s: number };

/** A row as bench/full-width.ts stores it. */
type Row = {
  case: string;
  network: string;
  parameters: number;
  batch: number;
  engine: string;
  first: Times; // with tracing and opening sessions
  next?: Times;
  peak_gb: number;
  load: number; // of the machine while it ran
  numbers: Record<string, number>;
  machine: string;
  commit: string;
};

const times = (measured?: Times): string =>
  measured === undefined ? '' : `${measured.wall_s.toPrecision(3)} / ${measured.cpu_s.toPrecision(3)}`;

const shown = (numbers: Record<string, number>): string =>
  Object.entries(numbers)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(3))}`)
    .join(', ');

/** The table, which says 'not measured' where the file is not there. */
const fullWidthTable = (path: string): string => {
  const rows = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { rows: Row[] }).rows : [];
  if (rows.length === 0) return 'Not measured: there is no stored result yet.';
  const lines = rows.map(row => ({
    case: row.case,
    network: `\`${row.network}\``,
    'parameters, millions': row.parameters / 1e6,
    batch: row.batch,
    engine: row.engine,
    'first, s': times(row.first),
    'next, s': times(row.next),
    'peak, GB': row.peak_gb,
    load: row.load,
    numbers: shown(row.numbers),
    commit: row.commit,
  }));
  const machines = [...new Set(rows.map(({ machine }) => machine))].join('; ');
  const note = 'seconds are wall / processor, the first with tracing; random weights';
  return `${table(lines, { format: 'markdown' }).markdown}\n\n_${machines}; ${note}; \`bench/full-width.json\`._`;
};

/** The section of RESULTS.md. */
export const fullWidthSection = (path = join(__dirname, 'full-width.json')): string =>
  ["## The paper's networks at full width", 'Small batches: what a step takes here.', fullWidthTable(path)].join(
    '\n\n',
  );
