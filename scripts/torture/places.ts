// Places that refuse: a disk that is full, a folder that may not be written or vanishes, limits of files and memory, a wrong clock.
// What was whole stays whole, the error names the path, and the same call goes on to the same bytes when the place is mended.
import { execFileSync } from 'node:child_process';
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { selectBackend } from '../../src/compute/backend';
import { randomSource } from '../../src/compute/noise';
import { hiddenIn, JOBS, outcomeOf } from './dying-jobs';
import { type Disturbance, type JobEnd, runJob } from './job-process';
import { saveCounts } from './torture-file';

/** Counts of one job in one kind of place; `refused`: trials that ended with an error that names the path. */
type PlaceCounts = {
  job: string;
  place: string;
  attempted: number;
  held: number;
  refused: number;
  failures: string[];
};

/** What is known of a job before it is tried. */
type Known = { span: number; bytes: number };

type Trial = { job: string; dir: string; known: Known; uniform: () => number };

/** A kind of place. */
type Place = {
  /** Makes the folder refuse. @returns how the process is disturbed, and what mends it */
  prepare: (trial: Trial) => Promise<{ disturbance: Disturbance; mend?: () => Promise<void>; said: string }>;
  /** The process may end in any way, as one that is killed. */
  anyEnd?: boolean;
  /** Whether what was deleted may be missing in the end: that the call goes on and what there is can be opened is asked then. */
  partial?: boolean;
  /** Mounts, and so needs the rights of root. */
  mounts?: boolean;
};

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
/** A user whom permissions bind; root is bound by none. */
const bound = isRoot ? { uid: NOBODY } : {};

/** Kibibytes between a little and all that the job writes. */
const share = ({ known, uniform }: Trial): number => Math.max(4, Math.round((uniform() * known.bytes) / 1024));

const foldersIn = async (dir: string): Promise<string[]> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return [dir, ...entries.filter(entry => entry.isDirectory()).map(entry => join(entry.parentPath, entry.name))];
};

const letWrite = async (dir: string, mode: number): Promise<void> => {
  for (const folder of await foldersIn(dir)) await chmod(folder, mode).catch(() => undefined); // it goes on meanwhile
};

/** Every kind of place by its name: a new one is one entry here. */
export const PLACES: Readonly<Record<string, Place>> = {
  'full disk': {
    mounts: true,
    prepare: trial => {
      const size = 4 * Math.ceil(share(trial) / 4);
      const mount = (options: string): void =>
        void execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', trial.dir]);
      mount(`size=${size}k`);
      const mend = (): Promise<void> => Promise.resolve(mount('remount,size=256m'));
      return Promise.resolve({ disturbance: {}, mend, said: `${size} KiB` });
    },
  },
  'file limit': {
    prepare: trial => {
      const blocks = Math.max(1, Math.round(2 * share(trial) * trial.uniform())); // of 512 bytes
      return Promise.resolve({ disturbance: { limit: ['-f', String(blocks)] }, said: `${blocks / 2} KiB a file` });
    },
  },
  'read-only from the start': {
    prepare: async ({ dir }) => {
      if (isRoot) await chown(dir, NOBODY, NOBODY);
      await chmod(dir, 0o555);
      return { disturbance: bound, mend: () => chmod(dir, 0o755), said: '' };
    },
  },
  'read-only meanwhile': {
    prepare: async ({ dir, known, uniform }) => {
      if (isRoot) await chown(dir, NOBODY, NOBODY);
      const after = Math.round(uniform() * known.span);
      const meanwhile = { act: () => letWrite(dir, 0o555), after };
      return { disturbance: { ...bound, meanwhile }, mend: () => letWrite(dir, 0o755), said: `after ${after} ms` };
    },
  },
  'vanishing folder': {
    partial: true,
    prepare: ({ dir, known, uniform }) => {
      const after = Math.round(uniform() * known.span);
      const act = (): Promise<void> => rm(dir, { recursive: true, force: true, maxRetries: 5 });
      const mend = async (): Promise<void> => void (await mkdir(dir, { recursive: true }));
      return Promise.resolve({ disturbance: { meanwhile: { act, after } }, mend, said: `after ${after} ms` });
    },
  },
  'clock set back': {
    prepare: async ({ job, dir, known, uniform }) => {
      const after = Math.round(uniform() * known.span);
      await runJob(job, dir, { kill: { signal: 'SIGKILL', after } }); // what is there is from the future
      return { disturbance: { before: 'clock back' }, said: `begun for ${after} ms before` };
    },
  },
  'files used up': {
    prepare: ({ uniform }) => {
      const free = Math.floor(uniform() * 12);
      return Promise.resolve({
        disturbance: { limit: ['-n', '512'], before: `handles ${free}` },
        said: `${free} left`,
      });
    },
  },
  'memory refused': {
    anyEnd: true,
    prepare: ({ uniform }) => {
      const mebibytes = Math.round(1200 + 4000 * uniform());
      return Promise.resolve({ disturbance: { limit: ['-v', String(1024 * mebibytes)] }, said: `${mebibytes} MiB` });
    },
  },
};

const bytesIn = async (dir: string): Promise<number> => {
  let bytes = 0;
  for (const name of await readdir(dir, { recursive: true })) bytes += (await lstat(join(dir, name))).size;
  return bytes;
};

/** Whether the process said why it ended, and where. */
const isNamed = ({ errors }: JobEnd, dir: string): boolean => errors.includes(dir);

/** Tries a job in some kinds of places, `n` times each. */
export const tryPlaces = async (name: string, places: readonly string[], n: number): Promise<PlaceCounts[]> => {
  const job = JOBS[name];
  const base = await mkdtemp(join(tmpdir(), 'cosim-torture-'));
  await chmod(base, 0o755);
  const all: PlaceCounts[] = [];
  try {
    const undisturbed = join(base, 'undisturbed');
    await mkdir(undisturbed);
    const { code, errors, milliseconds: span } = await runJob(name, undisturbed);
    if (code !== 0) throw new Error(`${name} does not come to its end undisturbed: ${errors}`);
    const expected = await outcomeOf(job, undisturbed);
    const known = { span, bytes: await bytesIn(undisturbed) };
    for (const place of places) {
      const { prepare, anyEnd = false, partial = false, mounts = false } = PLACES[place];
      const counts: PlaceCounts = { job: name, place, attempted: 0, held: 0, refused: 0, failures: [] };
      const random = randomSource({ seed: n, stream: `torture/${name}/${place}` });
      for (let k = 0; k < n; k++) {
        const dir = join(base, `${all.length}-${k}`);
        await mkdir(dir);
        counts.attempted++;
        let how = '';
        try {
          const { disturbance, mend, said } = await prepare({ job: name, dir, known, uniform: () => random.uniform() });
          how = said;
          const end = await runJob(name, dir, disturbance);
          const refused = end.code === 1 && isNamed(end, dir);
          if (refused) counts.refused++;
          if (end.code !== 0 && !refused && !anyEnd)
            throw new Error(`ended with ${end.code ?? end.signal}: ${end.errors.trim().slice(-400)}`);
          await mend?.();
          await job.open(dir);
          const hiddenNow = anyEnd || mounts ? [] : await hiddenIn(dir);
          // Without a handle a lock cannot be read, and so not taken away: it ends with its process.
          const left = hiddenNow.filter(path => !(place === 'files used up' && basename(path) === '.lock'));
          if (left.length > 0 && end.code !== 0 && place !== 'read-only meanwhile' && !partial)
            throw new Error(`left behind: ${left.join(', ')}`);
          if (end.code !== 0 || partial) {
            const again = await runJob(name, dir, disturbance.uid === undefined ? {} : { uid: disturbance.uid });
            if (again.code !== 0) throw new Error(`does not go on: ${again.errors.trim().slice(-400)}`);
          }
          const found = await outcomeOf(job, dir);
          if (found !== expected && !partial) throw new Error(`other bytes in the end: ${found}, not ${expected}`);
          const hidden = await hiddenIn(dir);
          if (hidden.length > 0) throw new Error(`left behind in the end: ${hidden.join(', ')}`);
          counts.held++;
        } catch (error) {
          counts.failures.push(`${name}, ${place} ${k} (${how}): ${String(error)}`);
        }
        if (mounts) execFileSync('umount', [dir]);
        await rm(dir, { recursive: true, force: true });
      }
      all.push(counts);
    }
  } finally {
    await rm(base, { recursive: true, force: true });
  }
  return all;
};

/** `npm run torture -- places [--n 2] [--job NAME] [--place NAME]`: true where all held. A full disk needs root. */
export const torturePlaces = async (args: string[]): Promise<boolean> => {
  const { values } = parseArgs({
    args,
    options: { n: { type: 'string', default: '2' }, job: { type: 'string' }, place: { type: 'string' } },
  });
  const n = Number(values.n);
  const names = Object.keys(JOBS).filter(job => values.job === undefined || job === values.job);
  const places = Object.keys(PLACES).filter(
    place => (values.place === undefined || place === values.place) && (isRoot || !PLACES[place].mounts),
  );
  if (!(n >= 1) || names.length === 0 || places.length === 0)
    throw new Error(
      `--n of at least 1; jobs: ${Object.keys(JOBS).join(', ')}; places: ${Object.keys(PLACES).join(', ')}`,
    );
  await selectBackend({ backend: 'wasm' }); // opens what was left
  const row = (...cells: (string | number)[]): string =>
    `${String(cells[0]).padEnd(16)}${String(cells[1]).padEnd(26)}${cells
      .slice(2)
      .map(cell => String(cell).padStart(10))
      .join('')}`;
  console.log(row('job', 'place', 'attempted', 'held', 'refused', 'failed'));
  const all: PlaceCounts[] = [];
  for (const job of names) {
    const counts = await tryPlaces(job, places, n);
    all.push(...counts);
    for (const { place, attempted, held, refused, failures } of counts)
      console.log(row(job, place, attempted, held, refused, failures.length));
  }
  for (const failure of all.flatMap(({ failures }) => failures)) console.log(failure);
  if (values.job === undefined) await saveCounts('places', args, all, ({ place }) => place); // of all jobs
  return all.every(({ failures }) => failures.length === 0);
};
