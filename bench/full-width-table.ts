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
  machine: string;
  commit: string;
};

const times = (measured?: Times): string =>
  measured === undefined ? '' : `${measured.wall_s.toPrecision(3)} / ${measured.cpu_s.toPrecision(3)}`;

/** The section, which says 'not measured' where the file is not there. */
export const fullWidthSection = (path = join(__dirname, 'full-width.json')): string => {
  const head = [
    "## The paper's networks at full width",
    'Random weights, small batches: what a step takes here. Seconds are wall / processor; the first includes tracing.',
  ];
  const rows = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { rows: Row[] }).rows : [];
  if (rows.length === 0) return [...head, 'Not measured: there is no stored result yet.'].join('\n\n');
  const lines = rows.map(row => ({
    case: row.case,
    network: `\`${row.network}\``,
    'parameters, millions': row.parameters / 1e6,
    batch: row.batch,
    engine: row.engine,
    'first, s': times(row.first),
    'next, s': times(row.next),
    'peak, GB': row.peak_gb,
    commit: row.commit,
  }));
  const machines = [...new Set(rows.map(({ machine }) => machine))].join('; ');
  return [...head, table(lines).markdown, `_${machines}; \`bench/full-width.json\`._`].join('\n\n');
};
