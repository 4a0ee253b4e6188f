import { lstat, rename, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';

/** Whether the name is taken, be it by a link that leads nowhere. */
export const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Why what stands at a path cannot be a file that is read whole: a folder, a device, a pipe; undefined for a plain file. */
export const noPlainFile = async (path: string): Promise<string | undefined> =>
  (await stat(path).then(
    found => found.isFile(),
    () => false,
  ))
    ? undefined
    : 'it is not a plain file';

/**
 * Puts a kept result that cannot be believed out of the way, as `path.damaged`, and says so as a warning of the process
 * ('CosimWarning'): what it held is computed again, and whoever wants to know what happened can still look at it.
 * @param why a clause, 'it does not fit its checksum'
 */
export const setAside = async (path: string, why: string): Promise<void> => {
  const aside = `${path}.damaged`;
  await rm(aside, { recursive: true, force: true });
  await rename(path, aside);
  process.emitWarning(
    `${path}: ${why}; set aside as ${basename(aside)}, what it held is computed again`,
    'CosimWarning',
  );
};
