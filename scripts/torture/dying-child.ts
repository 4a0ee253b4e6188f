// The process that is disturbed; argv: name of the job, its folder, what it does to itself before. Says when it begins, and ends as
// the command line does.
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stoppable, Stopped } from '../../src/command-line/stopped';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { JOBS } from './dying-jobs';

const YEAR = 365 * 86_400_000; // milliseconds

/** `Date` tells the time of a year ago from here on. */
const setClockBack = (): void => {
  const Real = Date;
  const now = (): number => Real.now() - YEAR;
  globalThis.Date = new Proxy(Real, {
    construct: (target, args: []) => new target(...(args.length > 0 ? args : ([now()] as unknown as []))),
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
};

/** Opens files until the system gives no more, and leaves `free` for the work. */
const useUpHandles = (free: number): void => {
  const held: number[] = [];
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch {
    for (const handle of held.splice(0, free)) closeSync(handle);
  }
};

/** Loads what the work loads late: without handles no program can be loaded, and the work's files are what is tried. */
const loadAll = async (work: (dir: string, signal: AbortSignal) => Promise<unknown>): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'cosim-torture-first-'));
  await work(dir, new AbortController().signal);
  await rm(dir, { recursive: true });
};

const main = async (): Promise<void> => {
  const [name, dir, before] = process.argv.slice(2);
  const [, free] = /^handles (\d+)$/.exec(before) ?? [];
  await selectBackend({ backend: 'wasm' });
  if (free !== undefined) await loadAll(JOBS[name].work);
  process.send!('ready');
  if (before === 'clock back') setClockBack();
  if (free !== undefined) useUpHandles(Number(free));
  try {
    await stoppable('stopped', signal => JOBS[name].work(dir, signal));
  } catch (error) {
    if (!(error instanceof Stopped)) console.error(error);
    process.exitCode = error instanceof Stopped ? error.code : 1;
  }
  await dismissWorkers();
  process.disconnect();
};

void main();
