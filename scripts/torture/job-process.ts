// A job in a process of its own: killed after a while, or under limits of the system.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../project';

const STUCK = 300_000; // milliseconds without an end: a failure of its own

/** How the process is to be disturbed; all in milliseconds since its work began. */
export type Disturbance = {
  /** A signal that it gets, if it still goes on. */
  kill?: { signal: NodeJS.Signals; after: number };
  /** What happens to its folder meanwhile. */
  meanwhile?: { act: () => Promise<void>; after: number };
  /** Words of the shell's `ulimit`: ['-f', '8']. */
  limit?: readonly string[];
  /** What the process does to itself before its work: see dying-child.ts. */
  before?: string;
  /** Another user, where this process may change to one. */
  uid?: number;
};

/** How a job ended. */
export type JobEnd = { code: number | null; signal: string | null; errors: string; milliseconds: number };

/** Runs a job in `dir` to its end. */
export const runJob = (job: string, dir: string, disturbance: Disturbance = {}): Promise<JobEnd> =>
  new Promise((resolve, reject) => {
    const { kill, meanwhile, limit, before = '', uid } = disturbance;
    const program = [process.execPath, '--import', require.resolve('tsx', { paths: [root] })];
    const [command, ...args] = [...program, join(__dirname, 'dying-child.ts'), job, dir, before];
    const limited = limit ? ['sh', '-c', `ulimit ${limit.join(' ')} && exec "$0" "$@"`, command] : [command];
    const child = spawn(limited[0], [...limited.slice(1), ...args], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      ...(uid !== undefined && { uid, gid: uid }),
    });
    let errors = '';
    let began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    let acting = Promise.resolve();
    const stuck = setTimeout(() => child.kill('SIGKILL'), STUCK);
    child.stderr!.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-4000)));
    child.on('message', () => {
      began = performance.now();
      if (kill) timer = setTimeout(() => child.kill(kill.signal), kill.after);
      if (meanwhile) timer = setTimeout(() => void (acting = meanwhile.act()), meanwhile.after);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(stuck);
      const milliseconds = performance.now() - began;
      acting.then(() => {
        resolve({ code, signal, errors, milliseconds });
      }, reject);
    });
  });
