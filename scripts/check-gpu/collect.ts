// What a check on a card wrote, as bench/gpu.json: `node --import tsx scripts/check-gpu/collect.ts COMMIT=FILE.jsonl...`,
// each file with the commit that its bundle was made from. Rows of later files take the place of earlier ones.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/checkpoints';
import type { GpuReport, GpuRow } from '../../bench/gpu-table';
import { root } from '../project';

type Line = Record<string, unknown> & { section: string };

const linesOf = (file: string): Line[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => JSON.parse(line) as Line);

/** Seconds of a case's programs from the compiler, or from the cache. */
const programSeconds = (line: Line, from: 'compiler' | 'cache'): number | undefined => {
  const programs = (line.programs ?? []) as { from: string; seconds: number }[];
  if (programs.length === 0 || programs.some(program => program.from !== from)) return undefined;
  return programs.reduce((sum, { seconds }) => sum + seconds, 0);
};

const rowOf = (line: Line, commit: string): GpuRow | undefined => {
  if (typeof line.ms !== 'number') return undefined;
  const xla = line.how === undefined;
  const memory = (line.memory ?? {}) as { peak?: number };
  const device = (line.device ?? {}) as { peak?: number };
  return {
    case: String(line.case),
    batch: Number(line.batch),
    precision: String(line.precision),
    engine: xla ? 'xla' : `torch ${String(line.how)}`,
    ms: line.ms,
    peakBytes: xla ? (memory.peak ?? device.peak) : Number(line.peak_bytes),
    steps: typeof line.steps === 'number' ? line.steps : undefined,
    compileSeconds: programSeconds(line, 'compiler'),
    loadSeconds: programSeconds(line, 'cache'),
    commit,
  };
};

const main = async (): Promise<void> => {
  const rows = new Map<string, GpuRow>();
  const report: Omit<GpuReport, 'rows'> = { device: '', driver: '', plugin: '', torch: '', date: '', checks: [] };
  for (const [commit, file] of process.argv.slice(2).map(argument => argument.split('='))) {
    for (const line of linesOf(file)) {
      if (typeof line.driver === 'string') report.driver = line.driver;
      if (typeof line.torch === 'string') [report.torch, report.device] = [line.torch, String(line.device)];
      if (typeof line.version === 'string') report.plugin = `PJRT ${String(line.interface)}, ${line.version}`;
      if (typeof line.at === 'string') report.date = line.at;
      if (typeof line.worst === 'number' || typeof line.change_error === 'number')
        report.checks.push({ ...line, commit });
      const row = rowOf(line, commit);
      if (!row) continue;
      const key = [row.case, row.batch, row.precision, row.engine].join();
      const { compileSeconds, loadSeconds } = rows.get(key) ?? {};
      rows.set(key, {
        ...row,
        compileSeconds: row.compileSeconds ?? compileSeconds,
        loadSeconds: row.loadSeconds ?? loadSeconds,
      });
    }
  }
  const whole: GpuReport = { ...report, rows: [...rows.values()] };
  await writeFileAtomic(join(root, 'bench', 'gpu.json'), `${JSON.stringify(whole, null, 1)}\n`);
};

void main();
