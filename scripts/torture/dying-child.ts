// The process that is disturbed; argv: name of the job, its folder, what it does to itself before. Says when it begins, and ends as
// the command line does.
import { closeSync, openSync } from 'node:fs';
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

const disturb = (how: string): void => {
  if (how === 'clock back') setClockBack();
  const [, free] = /^handles (\d+)$/.exec(how) ?? [];
  if (free !== undefined) useUpHandles(Number(free));
};

const main = async (): Promise<void> => {
  const [name, dir, before] = process.argv.slice(2);
  await selectBackend({ backend: 'wasm' });
  process.send!('ready');
  disturb(before);
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
