// Memory that must stay as it is: tensors, threads, open files and resident memory over many steps and many runs.
import { fork } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../project';
import { ENGINES, growth, type Held, type WorkName } from './memory-work';
import { saveCounts } from './torture-file';

const MARKS = 5; // the first is where all that is made once is there
const ALLOWED = 24; // MiB more at the last mark than at the first: the history of 1,000 steps, and pages that malloc keeps
const STUCK = 1_800_000; // milliseconds

/** What a process held at each mark, and what is wrong with that. */
const trial = async (
  engine: string,
  work: WorkName,
  n: number,
): Promise<{ seen: readonly Held[]; problems: string[] }> => {
  const place = await mkdtemp(join(tmpdir(), 'cosim-torture-'));
  const [dir, temporary] = [join(place, 'run'), join(place, 'tmp')];
  await mkdir(temporary);
  try {
    const child = fork(join(__dirname, 'memory-child.ts'), [engine, work, dir, String(n), String(MARKS)], {
      execArgv: ['--expose-gc', '--import', require.resolve('tsx', { paths: [root] })],
      env: { ...process.env, TMPDIR: temporary },
    });
    let seen: readonly Held[] = [];
    child.on('message', (message: readonly Held[]) => (seen = message));
    const stuck = setTimeout(() => child.kill('SIGKILL'), STUCK);
    const code = await new Promise<number | null>(resolve => child.on('close', resolve));
    clearTimeout(stuck);
    const left = (await readdir(temporary)).filter(name => !name.startsWith('tsx-'));
    return {
      seen,
      problems: [
        ...(code === 0 && seen.length > 0 ? growth(seen, ALLOWED) : [`the process ended with ${code}`]),
        ...(left.length > 0 ? [`temporary files stay: ${left.join(', ')}`] : []),
      ],
    };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
};

/** `npm run torture -- memory [--steps 1000] [--cycles 200]`: true where nothing grows. */
export const tortureMemory = async (args: string[]): Promise<boolean> => {
  const { values } = parseArgs({
    args,
    options: { steps: { type: 'string', default: '1000' }, cycles: { type: 'string', default: '200' } },
  });
  const row = (...cells: (string | number)[]): string =>
    `${String(cells[0]).padEnd(16)}${cells
      .slice(1)
      .map(cell => String(cell).padStart(9))
      .join('')}`;
  console.log(row('work', 'done', 'tensors', 'threads', 'files', 'MiB'));
  const all: { what: string; attempted: number; held: number; failures: string[] }[] = [];
  for (const engine of ENGINES)
    for (const work of ['steps', 'cycles'] as const) {
      const { seen, problems } = await trial(engine, work, Number(values[work]));
      for (const { done, tensors, threads, files, mebibytes } of seen)
        console.log(row(`${work}, ${engine}`, done, tensors, threads, files, mebibytes.toFixed(1)));
      for (const problem of problems) console.log(`${work}, ${engine}: ${problem}`);
      const attempted = Number(values[work]);
      all.push({
        what: `${work}, ${engine}`,
        attempted,
        held: problems.length === 0 ? attempted : 0,
        failures: problems,
      });
    }
  await saveCounts('memory', args, all, ({ what }) => what);
  return all.every(({ failures }) => failures.length === 0);
};
