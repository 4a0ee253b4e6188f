import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expectInteger, fail } from '../compute/check';
import { type Hidden, hiddenName, parseHidden, syncPath, syncTree } from './atomic';
import { hasCode } from './io-error';
import { lockedBy } from './lock';
import { isAlive } from './process-identity';
import { refusedBy } from './refused-by';
import { makeFolder } from './writable';

const DAY = 86_400_000; // milliseconds

/** Whether nothing was made in, or renamed to, this place for a day; not so where it is gone meanwhile. */
const isOld = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ ctimeMs }) => Date.now() - ctimeMs > DAY,
    () => false,
  );

/**
 * What dead processes left behind in a folder. Of a process in another container nothing is known but that it is not the
 * one that holds the folder's lock; those who take none fill their folders without.
 */
const leftovers = async (dir: string, { toRemove }: { toRemove: boolean }): Promise<Hidden[]> => {
  const hidden = (await readdir(dir)).map(name => parseHidden(dir, name)).filter(item => item !== undefined);
  const states = hidden.map(({ process }) => isAlive(process));
  const locked = states.includes('unknown') ? await lockedBy(dir) : 'other';
  const isLeft = async ({ path }: Hidden, i: number): Promise<boolean> => {
    if (states[i] !== 'unknown') return states[i] === 'no';
    return locked === 'this' || (locked === 'other' && (!toRemove || (await isOld(path))));
  };
  const left = await Promise.all(hidden.map(isLeft));
  return hidden.filter((_, i) => left[i]);
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Puts a folder back whose process died between setting it aside and moving the replacement in. */
const restoreReplaced = async (dir: string): Promise<void> => {
  for (const { path, place, kind } of await leftovers(dir, { toRemove: false }))
    if (kind === 'old' && !(await exists(place)))
      await rename(path, place).catch((error: unknown) => {
        if (!hasCode(error, 'EROFS', 'EACCES', 'EPERM', 'ENOENT')) throw error; // a reader may not write; another was quicker
      });
};

const removeLeftovers = async (dir: string): Promise<void> => {
  await restoreReplaced(dir);
  for (const { path } of await leftovers(dir, { toRemove: true })) await rm(path, { recursive: true, force: true });
};

/** Deletes a folder that stands for `place`; nobody sees it half deleted. */
const discard = async (path: string, place: string): Promise<void> => {
  const gone = hiddenName(place, 'gone');
  await rename(path, gone);
  await rm(gone, { recursive: true, force: true });
};

const moveInto = async (path: string, place: string): Promise<void> => {
  if (!(await exists(place))) return rename(path, place);
  const old = hiddenName(place, 'old');
  await rename(place, old);
  try {
    await rename(path, place);
  } catch (error) {
    await rename(old, place);
    throw error;
  }
  return discard(old, place);
};

/**
 * Makes the folder `dir/name`, complete or not at all whatever moment the process dies at: `fill` writes into a hidden
 * folder beside it, which is flushed to disk and then renamed. A folder that stands there is replaced, never lost.
 * Also removes what earlier processes left unfinished in `dir`; those of other containers only where this process holds the
 * lock of `dir`, or after a day. Creates `dir` if need be.
 * @returns the path dir/name
 * @throws CheckpointError 'unwritable', naming the folder, where the disk refuses, or what `fill` throws; all other folders are
 * then untouched.
 */
export const commitFolder = async (
  dir: string,
  name: string,
  fill: (temporary: string) => Promise<void>,
): Promise<string> => {
  if (!/^[^./\\][^/\\]*$/.test(name)) fail('commitFolder', 'name', "a folder's name that is not hidden", name);
  await makeFolder(dir);
  await removeLeftovers(dir);
  const place = join(dir, name);
  const temporary = hiddenName(place, 'new');
  try {
    await mkdir(temporary);
    await fill(temporary);
    await syncTree(temporary);
    await moveInto(temporary, place);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw refusedBy(place, error);
  }
  await syncPath(dir);
  return place;
};

/** Whether a folder is there, or a link to one: checkpoints may have been moved to another disk. */
const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    found => found.isDirectory(),
    () => false,
  );

/** Names in `dir` that are numbers, smallest first; none if there is no such folder. */
const numbered = async (dir: string): Promise<string[]> => {
  if (!(await exists(dir))) return [];
  await restoreReplaced(dir);
  const names = (await readdir(dir)).filter(name => /^\d+$/.test(name));
  const folders: string[] = [];
  for (const name of names) if (await isFolder(join(dir, name))) folders.push(name);
  return folders.sort((a, b) => Number(a) - Number(b));
};

/** Path of the folder in `dir` whose name is the largest number; undefined if there is none. */
export const newestFolder = async (dir: string): Promise<string | undefined> => {
  const newest = (await numbered(dir)).at(-1);
  return newest === undefined ? undefined : join(dir, newest);
};

/**
 * Deletes all numbered folders in `dir` but the `keep` newest; other names are left alone.
 * @throws ArgumentError unless `keep` is an integer of at least 1.
 */
export const prune = async (dir: string, keep: number): Promise<void> => {
  expectInteger('prune', 'keep', keep, { min: 1 });
  for (const name of (await numbered(dir)).slice(0, -keep)) await discard(join(dir, name), join(dir, name));
};
