import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hiddenName, isAlive } from './atomic';
import { CheckpointError } from './checkpoint-error';

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;

/** The process that holds the lock file: undefined if there is no such file any more, NaN if it names none. */
const holder = async (path: string): Promise<number | undefined> => {
  try {
    return Number.parseInt(await readFile(path, 'utf8'), 10);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/**
 * Claims a folder for this process, so that two runs do not write into one folder. A lock whose process is dead is
 * taken over. The lock is a file `.lock` with the process's id; it is for one machine, not for shared network drives.
 * @returns the function that gives the folder back
 * @throws CheckpointError 'locked', naming the process that holds it (which may be this one).
 */
export const lockFolder = async (dir: string): Promise<() => Promise<void>> => {
  await mkdir(dir, { recursive: true });
  const path = join(dir, '.lock');
  const draft = hiddenName(path, 'new');
  await writeFile(draft, `${process.pid}\n`);
  try {
    for (;;) {
      try {
        await link(draft, path); // unlike a plain write: fails if the file is there, and never shows it empty
        return () => rm(path, { force: true });
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error;
      }
      const pid = await holder(path);
      if (pid === undefined) continue;
      if (isAlive(pid)) {
        const whose = pid === process.pid ? `this process (${pid})` : `process ${pid}`;
        throw new CheckpointError(
          'locked',
          `${dir} is in use by ${whose}; end that run first or choose another folder`,
        );
      }
      await takeAway(path, pid);
    }
  } finally {
    await rm(draft, { force: true });
  }
};

/** Removes the lock of the dead process `pid`, and puts it back if someone else was quicker and it is theirs now. */
const takeAway = async (path: string, pid: number): Promise<void> => {
  const taken = hiddenName(path, 'gone');
  try {
    await rename(path, taken);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  if (Object.is(await holder(taken), pid)) await rm(taken, { force: true });
  else await rename(taken, path);
};
