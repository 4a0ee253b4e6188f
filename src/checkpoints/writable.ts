import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ArgumentError } from '../compute/check';
import { CheckpointError } from './checkpoint-error';
import { hasCode, ioReason } from './io-error';

/** The nearest folder above `path` that is there. */
const nearest = async (path: string): Promise<string> => {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    return nearest(dirname(path));
  }
};

/**
 * Makes a folder and those above it. Node says ENOENT of a read-only disk; here the reason is the system's own.
 * @throws CheckpointError 'unwritable', naming the folder and the reason.
 */
export const makeFolder = async (dir: string): Promise<void> => {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    const above = await nearest(resolve(dir)).catch(() => dirname(resolve(dir)));
    const reason = await access(above, constants.W_OK).then(
      () => error,
      (denied: unknown) => denied,
    );
    throw new CheckpointError('unwritable', `the folder ${dir} cannot be made: ${ioReason(reason)}, at ${above}`);
  }
};

/**
 * Refuses, before any work, a path that the result could not be written to: in a folder that is not there or not writable,
 * or itself a folder.
 * @throws ArgumentError naming `name`, such as --out, the path and the reason
 */
export const expectWritableFile = async (name: string, path: string): Promise<void> => {
  const fail = (why: string): never => {
    throw new ArgumentError(`${name}: ${path} cannot be written: ${why}`);
  };
  const there = await stat(path).catch((error: unknown) =>
    hasCode(error, 'ENOENT') ? undefined : fail(ioReason(error)),
  );
  if (there?.isDirectory()) fail('it is a folder');
  const folder = dirname(resolve(path));
  const above = await stat(folder).catch(() => fail(`there is no folder ${folder}`));
  if (!above.isDirectory()) fail(`${folder} is no folder`);
  await access(folder, constants.W_OK).catch((error: unknown) => fail(`${ioReason(error)}, in ${folder}`));
};
