import { lstat, rename, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { hasCode } from './io-error';

/** What stands at a path, be it a link that leads nowhere: another text where it was replaced or changed; undefined where nothing is. */
export const standingAt = (path: string): Promise<string | undefined> =>
  lstat(path, { bigint: true }).then(
    ({ ino, mtimeNs }) => `${ino} ${mtimeNs}`,
    () => undefined,
  );

/** For reading what another process may set aside meanwhile: undefined in the place of the error that it is not there. */
export const unlessGone = (error: unknown): undefined => {
  if (!hasCode(error, 'ENOENT')) throw error;
};

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
 * Nothing is done where someone else was quicker.
 * @param why a clause, 'it does not fit its checksum'
 * @param seen what stood there when it was read, of `standingAt`: only that is set aside
 */
export const setAside = async (path: string, why: string, seen?: string): Promise<void> => {
  if (seen !== undefined && (await standingAt(path)) !== seen) return;
  const aside = `${path}.damaged`;
  const move = (): Promise<boolean> =>
    rename(path, aside).then(
      () => true,
      error => unlessGone(error) ?? false,
    );
  const moved = await move().catch(async () => {
    await rm(aside, { recursive: true, force: true }); // a folder there does not give way
    return move();
  });
  if (!moved) return;
  process.emitWarning(
    `${path}: ${why}; set aside as ${basename(aside)}, what it held is computed again`,
    'CosimWarning',
  );
};
