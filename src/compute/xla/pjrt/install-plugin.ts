/* Installs a plugin's wheels into the user's cache, where `findPlugin` looks: Python and pip fetch, nothing of Python runs later. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PluginError } from './device-error';
import { pluginsIn } from './find-plugin';
import { userCache } from '../../user-cache';
import { type Installable, WHEELS } from './wheels';

/** How a plugin is installed. */
export type InstallOptions = {
  /** the Python to fetch with; default `python3` */
  python?: string;
  /** called with every line that pip says */
  onLine?: (line: string) => void;
  /** stops the installation; what was there before stays */
  signal?: AbortSignal;
};

/** Runs a program to its end. @throws PluginError with its last words */
const run = (command: string, args: readonly string[], { onLine, signal }: InstallOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
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
      reject(
        code === 'ENOENT' ? new PluginError(`${command} is not on the PATH: install Python 3 with its venv`) : error,
      );
    });
    child.on('close', code => {
      if (code === 0) resolve();
      else
        reject(
          new PluginError(
            `${command} ${args.slice(0, 3).join(' ')} failed: ${said.trim().split('\n').slice(-3).join(' ')}`,
          ),
        );
    });
  });

/**
 * Fetches a plugin and its libraries with pip into an environment of their own in the user's cache, in the place of an
 * earlier one. @returns the plugin's path
 * @throws PluginError with pip's last words; what was there before is then untouched
 */
export const installPlugin = async (kind: Installable, options: InstallOptions = {}): Promise<string> => {
  const { python = 'python3' } = options;
  const place = userCache('plugins', kind);
  const unfinished = userCache('plugins', `.${kind}.${process.pid}.new`);
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(userCache('plugins'), { recursive: true });
    await run(python, ['-m', 'venv', unfinished], options);
    const pip = join(unfinished, 'bin', 'python');
    await run(pip, ['-m', 'pip', 'install', '--only-binary', ':all:', ...WHEELS[kind].requirements], options);
    if (pluginsIn(unfinished).length === 0)
      throw new PluginError(`the wheels of ${kind} hold no plugin where one is expected`);
    await rm(place, { recursive: true, force: true });
    await rename(unfinished, place);
    return pluginsIn(place)[0];
  } finally {
    if (existsSync(unfinished)) await rm(unfinished, { recursive: true, force: true });
  }
};
