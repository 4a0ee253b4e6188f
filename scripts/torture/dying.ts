// Processes that die at random moments: what they leave can be opened, and the same call goes on to the same bytes.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { selectBackend } from '../../src/compute/backend';
import { randomSource } from '../../src/compute/noise';
import { hiddenIn, JOBS, outcomeOf } from './dying-jobs';
import { type JobEnd, runJob } from './job-process';
import { saveCounts } from './torture-file';

/** Counts of one job; `whole`: times it came to its end, which is then compared. */
export type DyingCounts = { job: string; attempted: number; held: number; whole: number; failures: string[] };

/** How most die, and how those do that are asked to end. */
const SIGNALS = ['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGKILL', 'SIGINT'] as const;

/** Whether a process ended as the signal lets it, or was done before. */
const endedWell = ({ code, signal }: JobEnd, sent: NodeJS.Signals): boolean =>
  code === 0 || (sent === 'SIGKILL' ? signal === sent : code === 128 + constants.signals[sent]);

/** Kills a job `n` times. What it left is opened each time; when it came to its end, that is compared, and it begins anew. */
export const killJob = async (name: string, n: number): Promise<DyingCounts> => {
  const job = JOBS[name];
  const counts: DyingCounts = { job: name, attempted: 0, held: 0, whole: 0, failures: [] };
  const place = await mkdtemp(join(tmpdir(), 'cosim-torture-'));
  const random = randomSource({ seed: n, stream: `torture/${name}` });
  const begin = async (dir: string): Promise<string> => {
    await mkdir(dir);
    return dir;
  };
  try {
    const undisturbed = await begin(join(place, 'undisturbed'));
    const { code, errors, milliseconds: span } = await runJob(name, undisturbed);
    if (code !== 0) throw new Error(`${name} does not come to its end undisturbed: ${errors}`);
    const expected = await outcomeOf(job, undisturbed);
    const compare = async (dir: string): Promise<void> => {
      counts.whole++;
      const found = await outcomeOf(job, dir);
      const hidden = await hiddenIn(dir);
      if (found !== expected) throw new Error(`other bytes in the end: ${found}, not ${expected}`);
      if (hidden.length > 0) throw new Error(`left behind in the end: ${hidden.join(', ')}`);
    };
    let dir = await begin(join(place, '0'));
    for (let k = 0; k < n; k++) {
      const signal = SIGNALS[k % SIGNALS.length];
      const after = Math.round(random.uniform() * span);
      counts.attempted++;
      try {
        const end = await runJob(name, dir, { kill: { signal, after } });
        await job.open(dir);
        if (!endedWell(end, signal))
          throw new Error(`ended with ${end.code ?? end.signal}: ${end.errors.trim().slice(-300)}`);
        const last = k === n - 1;
        if (end.code !== 0 && last) {
          const { code: again, errors: why } = await runJob(name, dir);
          if (again !== 0) throw new Error(`does not go on: ${why.trim().slice(-300)}`);
        }
        if (end.code === 0 || last) await compare(dir);
        counts.held++;
        if (end.code === 0) dir = await begin(join(place, String(k + 1)));
      } catch (error) {
        counts.failures.push(`${name} ${k}, ${signal} after ${after} of ${Math.round(span)} ms: ${String(error)}`);
        dir = await begin(join(place, String(k + 1)));
      }
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
  return counts;
};

/** `npm run torture -- dying [--n 200] [--job NAME]`: true where all held. */
export const tortureDying = async (args: string[]): Promise<boolean> => {
  const { values } = parseArgs({ args, options: { n: { type: 'string', default: '200' }, job: { type: 'string' } } });
  const jobs = Object.keys(JOBS).filter(job => values.job === undefined || job === values.job);
  const each = Math.ceil(Number(values.n) / jobs.length);
  if (!(each >= 1)) throw new Error(`--n must be at least 1, got '${values.n}'; jobs: ${Object.keys(JOBS).join(', ')}`);
  await selectBackend({ backend: 'wasm' }); // opens what was left
  const row = (...cells: (string | number)[]): string =>
    `${String(cells[0]).padEnd(18)}${cells
      .slice(1)
      .map(cell => String(cell).padStart(10))
      .join('')}`;
  console.log(row('job', 'killed', 'held', 'whole', 'failed'));
  const all: DyingCounts[] = [];
  for (const job of jobs) {
    const counts = await killJob(job, each);
    all.push(counts);
    console.log(row(job, counts.attempted, counts.held, counts.whole, counts.failures.length));
  }
  const sum = (key: 'attempted' | 'held' | 'whole'): number => all.reduce((total, counts) => total + counts[key], 0);
  const failures = all.flatMap(({ failures: own }) => own);
  console.log(row('all', sum('attempted'), sum('held'), sum('whole'), failures.length));
  for (const failure of failures.slice(0, 50)) console.log(failure);
  if (values.job === undefined) await saveCounts('dying', args, all, ({ job }) => job);
  return failures.length === 0;
};
