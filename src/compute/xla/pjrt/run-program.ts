/* Runs the programs that install something: Python, pip, npm, a compiler. */
import { spawn } from 'node:child_process';
import { InstallError } from './device-error';

/** How an installation runs. */
export type InstallOptions = {
  /** the Python to fetch with; default `python3` */
  python?: string;
  /** called with every line that its programs say */
  onLine?: (line: string) => void;
  /** stops the installation; what was there before stays */
  signal?: AbortSignal;
};

type ProgramOptions = InstallOptions & {
  cwd?: string;
  /** where the program comes from, for those who do not have it */
  whence: string;
};

/** Runs a program to its end, also where it is stopped. @throws InstallError with its last words */
export const runProgram = (
  command: string,
  args: readonly string[],
  { onLine, signal, cwd, whence }: ProgramOptions,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      cwd,
      env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1', TF_CPP_MIN_LOG_LEVEL: '2' },
    });
    let said = '';
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-2000);
      for (const line of chunk.toString().split('\n')) if (line.trim()) onLine?.(line.trim());
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', error => {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') reject(new InstallError(`${command} is not on the PATH: ${whence}`));
      else if (!signal?.aborted || child.pid === undefined) reject(error);
    });
    child.on('close', code => {
      if (signal?.aborted) reject(signal.reason as Error);
      else if (code === 0) resolve();
      else {
        const words = said.trim().split('\n').slice(-3).join(' ');
        reject(new InstallError(`${command} ${args.slice(0, 3).join(' ')} failed: ${words}`));
      }
    });
  });
