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

const refuse = (name: string, path: string, why: string): never => {
  throw new ArgumentError(`${name}: ${path} cannot be written: ${why}`);
};

/**
 * Refuses, before any work, a path that the result could not be written to: in a folder that is not there or not writable,
 * or itself a folder.
 * @throws ArgumentError naming `name`, such as --out, the path and the reason
 */
export const expectWritableFile = async (name: string, path: string): Promise<void> => {
  const there = await stat(path).catch((error: unknown) =>
    hasCode(error, 'ENOENT') ? undefined : refuse(name, path, ioReason(error)),
  );
  if (there?.isDirectory()) refuse(name, path, 'it is a folder');
  const folder = dirname(resolve(path));
  await stat(folder).catch(() => refuse(name, path, `there is no folder ${folder}`));
  await access(folder, constants.W_OK).catch((error: unknown) =>
    refuse(name, path, `${ioReason(error)}, in ${folder}`),
  );
};

/**
 * Refuses, before any work, a folder that results could not be written into. It need not be there yet.
 * @throws ArgumentError naming `name`, such as --out, the path and the reason
 */
export const expectWritableFolder = async (name: string, dir: string): Promise<void> => {
  const above = await nearest(resolve(dir)).catch((error: unknown) => refuse(name, dir, ioReason(error)));
  if (!(await stat(above)).isDirectory()) refuse(name, dir, `${above} is a file`);
  await access(above, constants.W_OK).catch((error: unknown) => refuse(name, dir, `${ioReason(error)}, in ${above}`));
};
