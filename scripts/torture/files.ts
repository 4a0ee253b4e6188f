// Damaged files over all readers: each must be refused by a named error or read, within limits of time and memory.
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../project';
import { fileKinds } from './file-kinds';
import type { FileResult } from './files-child';
import { saveCounts } from './torture-file';

/** Counts of one kind of file. */
type FileCounts = { kind: string; attempted: number; read: number; refused: number; failures: string[] };

const HUNG = 30_000; // milliseconds for one file: many times the limit, which is of processor time, on a busy machine
const START = 300_000; // milliseconds until a process has loaded what it needs
const HEAP = 500; // MiB of JavaScript's own memory

/** Reads files [first, first + count) of a kind in one process; what it did not come to, for a reason, is one failure. */
const runChild = async (counts: FileCounts, first: number, count: number): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'cosim-torture-'));
  const child = fork(join(__dirname, 'files-child.ts'), [counts.kind, String(first), String(count), folder], {
    cwd: folder,
    execArgv: [`--max-old-space-size=${HEAP}`, '--import', require.resolve('tsx', { paths: [root] })],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr!.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-2000)));
  let done = 0;
  let watch: NodeJS.Timeout | undefined;
  const wait = (most: number): void => {
    clearTimeout(watch);
    watch = setTimeout(() => child.kill('SIGKILL'), most);
  };
  wait(START);
  child.on('message', (message: FileResult | 'ready') => {
    wait(HUNG);
    if (message === 'ready') return;
    const { index, outcome, problem } = message;
    done++;
    counts.attempted++;
    if (outcome === 'failed') counts.failures.push(`${counts.kind} ${index}: ${problem}`);
    else counts[outcome]++;
  });
  const code = await new Promise<number | null>(resolve => child.on('close', resolve));
  clearTimeout(watch);
  await rm(folder, { recursive: true, force: true });
  if (code === 0 && done > 0) return done;
  counts.attempted++;
  counts.failures.push(`${counts.kind} ${first + done}: the process ended with ${code}; ${errors.trim().slice(-300)}`);
  return done + 1;
};

/** Tries `n` damaged files of each kind. */
const damageFiles = async (kind: string, n: number): Promise<FileCounts> => {
  const counts: FileCounts = { kind, attempted: 0, read: 0, refused: 0, failures: [] };
  for (let first = 0; first < n;) first += await runChild(counts, first, Math.min(2000, n - first));
  return counts;
};

const row = (cells: readonly (string | number)[]): string =>
  `${String(cells[0]).padEnd(18)}${cells
    .slice(1)
    .map(cell => String(cell).padStart(10))
    .join('')}`;

/** `npm run torture -- files [--n 50000] [--kind NAME]`: true where none failed. */
export const tortureFiles = async (args: string[]): Promise<boolean> => {
  const { values } = parseArgs({
    args,
    options: { n: { type: 'string', default: '50000' }, kind: { type: 'string' } },
  });
  const kinds = Object.keys(await fileKinds()).filter(kind => values.kind === undefined || kind === values.kind);
  const each = Math.ceil(Number(values.n) / kinds.length);
  if (!(each >= 1))
    throw new Error(`--n must be a number of files of at least 1, got '${values.n}'; kinds: ${kinds.join(', ')}`);
  console.log(row(['kind', 'attempted', 'read', 'refused', 'failed']));
  const queue = [...kinds];
  const all: FileCounts[] = [];
  const work = async (): Promise<void> => {
    for (let kind = queue.shift(); kind !== undefined; kind = queue.shift()) {
      const counts = await damageFiles(kind, each);
      all.push(counts);
      console.log(row([kind, counts.attempted, counts.read, counts.refused, counts.failures.length]));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  const failures = all.flatMap(({ failures: own }) => own);
  const sum = (key: 'attempted' | 'read' | 'refused'): number => all.reduce((total, counts) => total + counts[key], 0);
  console.log(row(['all', sum('attempted'), sum('read'), sum('refused'), failures.length]));
  for (const failure of failures.slice(0, 50)) console.log(failure);
  const counted = all.map(({ read, refused, ...counts }) => ({ ...counts, held: read + refused }));
  if (values.kind === undefined) await saveCounts('files', args, counted, ({ kind }) => kind);
  return failures.length === 0;
};
