import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { isAlive, type ProcessIdentity, thisProcess } from './process-identity';
import { refusedBy } from './refused-by';

// Everything is first made under a hidden name beside its place and then renamed, which the file system does in one
// step. Hidden names carry the process that made them, so that those of a dead process can be told and removed.

/** What a hidden name is for: being filled; set aside while its replacement takes the place; being deleted. */
export type HiddenKind = 'new' | 'old' | 'gone';

export type Hidden = { path: string; place: string; process: ProcessIdentity; kind: HiddenKind };

const LONGEST = 190; // bytes of NAME: with what comes before and behind it, 255 are a name

/** A name as hidden ones begin: cut where they would become too long. */
const stemOf = (name: string): string => {
  const characters = [...name];
  while (Buffer.byteLength(characters.join('')) > LONGEST) characters.pop();
  return characters.join('');
};

/**
 * A fresh hidden name beside `place`: `.NAME.PID-STARTED-SPACE.ID.KIND`, or `.NAME.PID.ID.KIND` where the pid is all that is
 * known. Of a name above 190 bytes NAME is the beginning, but of what is set aside: that must be found again.
 */
export const hiddenName = (place: string, kind: HiddenKind): string => {
  const { pid, started, space } = thisProcess();
  const owner = started !== '' && space !== '' ? `${pid}-${started}-${space}` : String(pid);
  const stem = kind === 'old' ? basename(place) : stemOf(basename(place));
  return join(dirname(place), `.${stem}.${owner}.${randomUUID().slice(0, 8)}.${kind}`);
};

/** Reads a hidden name back; undefined for any other name. */
export const parseHidden = (dir: string, name: string): Hidden | undefined => {
  const match = /^\.(.+)\.(\d+)(?:-(\d+)-([0-9a-f]{8}))?\.[0-9a-f]{8}\.(new|old|gone)$/.exec(name);
  if (!match) return undefined;
  const [, place, pid, started = '', space = '', kind] = match;
  const process = { pid: Number(pid), started, space };
  return { path: join(dir, name), place: join(dir, place), process, kind: kind as HiddenKind };
};

/** fsync of a file, or of a folder's list of names. */
export const syncPath = async (path: string): Promise<void> => {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** fsync of a folder and all that is in it. */
export const syncTree = async (dir: string): Promise<void> => {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncPath(path);
  }
  await syncPath(dir);
};

/** Removes what processes that died while they wrote `path` left beside it. */
const removeAbandoned = async (path: string): Promise<void> => {
  const dir = dirname(path);
  const stem = join(dir, stemOf(basename(path)));
  for (const name of await readdir(dir)) {
    const left = parseHidden(dir, name);
    if (left?.place === stem && isAlive(left.process) === 'no') await rm(left.path, { force: true });
  }
};

/**
 * Writes a file so that `path` holds its old content or the new, never a part, whatever moment the process dies at.
 * `bytes` may come in pieces, for content larger than one buffer can be, or that is still being made.
 * @throws CheckpointError 'unwritable', naming `path`, where the disk refuses; Node's error where the folder is not there.
 * The old content is then untouched, and a stream is destroyed: whoever fills it need not wait.
 */
export const writeFileAtomic = async (
  path: string,
  bytes: Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> => {
  const temporary = hiddenName(path, 'new');
  const pieces = typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes;
  try {
    const file = await open(temporary, 'wx');
    try {
      for await (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await removeAbandoned(join(dirname(path), basename(path)));
  } catch (error) {
    if (bytes instanceof Readable) bytes.destroy();
    await rm(temporary, { force: true });
    throw refusedBy(path, error);
  }
  await syncPath(dirname(path));
};
