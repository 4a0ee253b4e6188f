/* README's table of times on a GPU, from bench/gpu.json, which scripts/check-gpu/collect.ts writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../src/figures';

export type GpuRow = {
  case: string;
  batch: number;
  precision: string;
  /** 'xla', 'torch eager' or 'torch compile'. */
  engine: string;
  /** Of a whole training step, a forward pass, or four steps of sampling. */
  ms: number;
  peakBytes?: number;
  steps?: number;
  /** Of all its programs. */
  compileSeconds?: number;
  /** The same from the cache of programs. */
  loadSeconds?: number;
  commit: string;
};

export type GpuReport = {
  device: string;
  driver: string;
  plugin: string;
  torch: string;
  date: string;
  checks: Record<string, unknown>[];
  rows: GpuRow[];
};

const seconds = (value: number | undefined): string => (value === undefined ? '' : value.toPrecision(2));
const gib = (bytes: number | undefined): string => (bytes === undefined ? '' : (bytes / 2 ** 30).toFixed(2));

/** One line a case and batch: XLA from Node beside PyTorch on the same card in the same session. */
export const gpuBlock = (): string => {
  const report = JSON.parse(readFileSync(join(__dirname, 'gpu.json'), 'utf8')) as GpuReport;
  const of = (row: GpuRow, engine: string): GpuRow | undefined =>
    report.rows.find(r => r.engine === engine && r.case === row.case && r.batch === row.batch);
  const lines = report.rows
    .filter(({ engine }) => engine === 'xla')
    .map(row => {
      const [eager, compiled] = [of(row, 'torch eager'), of(row, 'torch compile')];
      return {
        case: row.case,
        batch: String(row.batch),
        'XLA, ms': row.ms.toPrecision(3),
        'PyTorch eager, ms': eager?.ms.toPrecision(3) ?? '',
        'torch.compile, ms': compiled?.ms.toPrecision(3) ?? '',
        'ratio to eager': eager ? (row.ms / eager.ms).toFixed(2) : '',
        'peak GiB, XLA / PyTorch': `${gib(row.peakBytes)} / ${gib(eager?.peakBytes)}`,
        'compile, s': seconds(row.compileSeconds),
        'from the cache, s': seconds(row.loadSeconds),
      };
    });
  const commits = [...new Set(report.rows.map(({ commit }) => commit))].join(', ');
  const place = `${report.device}, driver ${report.driver}, ${report.plugin}, PyTorch ${report.torch}`;
  const note = `_${place}; TF32; commit ${commits}; ${report.date.slice(0, 10)}; empty: not measured; \`bench/gpu.json\`._`;
  return `${table(lines).markdown}\n\n${note}`;
};
