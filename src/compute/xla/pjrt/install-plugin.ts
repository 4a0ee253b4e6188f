/* Installs a plugin's wheels into the user's cache, where `findPlugin` looks: Python and pip fetch, nothing of Python runs later. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PluginError } from './device-error';
import { pluginsIn } from './find-plugin';
import { type InstallOptions, runProgram } from './run-program';
import { userCache } from '../../user-cache';
import { type Installable, WHEELS } from './wheels';

const WHENCE = 'install Python 3 with its venv';

/**
 * Fetches a plugin and its libraries with pip into an environment of their own in the user's cache, in the place of an
 * earlier one. @returns the plugin's path
 * @throws InstallError with pip's last words; what was there before is then untouched
 */
export const installPlugin = async (kind: Installable, options: InstallOptions = {}): Promise<string> => {
  const { python = 'python3' } = options;
  const how = { ...options, whence: WHENCE };
  const place = userCache('plugins', kind);
  const unfinished = userCache('plugins', `.${kind}.${process.pid}.new`);
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(userCache('plugins'), { recursive: true });
    await runProgram(python, ['-m', 'venv', unfinished], how);
    const pip = join(unfinished, 'bin', 'python');
    await runProgram(pip, ['-m', 'pip', 'install', '--only-binary', ':all:', ...WHEELS[kind].requirements], how);
    if (pluginsIn(unfinished).length === 0)
      throw new PluginError(`the wheels of ${kind} hold no plugin where one is expected`);
    await rm(place, { recursive: true, force: true });
    await rename(unfinished, place);
    return pluginsIn(place)[0];
  } finally {
    if (existsSync(unfinished)) await rm(unfinished, { recursive: true, force: true });
  }
};
