// What a check on a card wrote, into bench/gpu.json: `node --import tsx scripts/check-gpu/collect.ts COMMIT=FILE.jsonl...`,
// each file with the commit that its bundle was made from. Its rows take the place of those of the same case.
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

/** Seconds until a case's programs, side by side, came from the compiler, or from the cache. */
const programSeconds = (line: Line, from: 'compiler' | 'cache'): number | undefined => {
  const programs = (line.programs ?? []) as { from: string; seconds: number }[];
  if (programs.length === 0 || programs.some(program => program.from !== from)) return undefined;
  return Math.max(...programs.map(({ seconds }) => seconds));
};

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const engineOf = ({ how, as, variant }: Line): string =>
  (text(how) === undefined ? ['xla', text(as), text(variant)] : ['torch', text(how)])
    .filter(part => part !== undefined)
    .join(' ');

const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

const rowOf = (line: Line, commit: string): GpuRow | undefined => {
  if (typeof line.ms !== 'number') return undefined;
  const torch = line.how !== undefined;
  const compile = torch && line.how !== 'eager' ? number(line.ready_s) : programSeconds(line, 'compiler');
  const together = torch || line.together === true;
  return {
    case: String(line.case),
    batch: Number(line.batch),
    precision: String(line.precision),
    engine: engineOf(line),
    card: text(line.card),
    ms: line.ms,
    quartiles: line.quartiles as [number, number] | undefined,
    msMetricsLate: number(line.ms_metrics_late),
    uploadMs: number(line.upload_ms),
    tflops: number(line.tflops),
    peakBytes: number(torch ? line.peak_bytes : (line.memory as { peak?: number } | undefined)?.peak),
    steps: number(line.steps),
    compileSeconds: together ? undefined : compile,
    togetherSeconds: together ? compile : undefined,
    loadSeconds: programSeconds(line, 'cache'),
    commit,
  };
};

const keyOf = (row: Pick<GpuRow, 'case' | 'batch' | 'precision' | 'engine' | 'card'>): string =>
  [row.case, row.batch, row.precision, row.engine, row.card].join();

/** Adds what a line tells of kernels to the row before it, of the same case. */
const addKernels = (line: Line, rows: Map<string, GpuRow>): void => {
  const { case: name, batch, precision } = line;
  const key = keyOf({
    case: String(name),
    batch: Number(batch),
    precision: String(precision),
    engine: engineOf(line),
    card: text(line.card),
  });
  const row = rows.get(key);
  if (row && line.kernels !== undefined)
    rows.set(key, { ...row, kernels: line.kernels as GpuRow['kernels'], kernelsMs: number(line.kernels_ms) });
};

const main = async (): Promise<void> => {
  const path = join(root, 'bench', 'gpu.json');
  const report = JSON.parse(readFileSync(path, 'utf8')) as GpuReport;
  const known = report.rows.map(row => ({ ...row, card: row.card ?? report.device }));
  const rows = new Map(known.map(row => [keyOf(row), row]));
  for (const [commit, file] of process.argv.slice(2).map(argument => argument.split('='))) {
    const fresh = new Map<string, GpuRow>(); // a case may come twice: compiled, and from the cache
    for (const line of linesOf(file)) {
      if (typeof line.driver === 'string') report.driver = line.driver;
      if (typeof line.torch === 'string') [report.torch, report.device] = [line.torch, String(line.device)];
      if (typeof line.version === 'string') report.plugin = `PJRT ${String(line.interface)}, ${line.version}`;
      if (typeof line.at === 'string') report.date = line.at;
      if (typeof line.worst === 'number' || typeof line.change_error === 'number')
        report.checks.push({ ...line, commit });
      const row = rowOf(line, commit);
      if (!row) {
        addKernels(line, fresh);
        continue;
      }
      const known = fresh.get(keyOf(row));
      const timed = known && (known.steps ?? 0) > (row.steps ?? 0) ? known : row; // by more steps
      fresh.set(keyOf(row), {
        ...timed,
        compileSeconds: row.compileSeconds ?? known?.compileSeconds,
        togetherSeconds: row.togetherSeconds ?? known?.togetherSeconds,
        loadSeconds: row.loadSeconds ?? known?.loadSeconds,
        kernels: known?.kernels,
        kernelsMs: known?.kernelsMs,
      });
    }
    for (const row of fresh.values()) {
      const whole = { ...row, card: row.card ?? report.device };
      rows.set(keyOf(whole), whole);
    }
  }
  await writeFileAtomic(path, `${JSON.stringify({ ...report, rows: [...rows.values()] }, null, 1)}\n`);
};

void main();
