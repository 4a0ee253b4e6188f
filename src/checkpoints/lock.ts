import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { hiddenName } from './atomic';
import { CheckpointError } from './checkpoint-error';
import { hasCode } from './io-error';
import { isListening, lifeline } from './lifeline';
import { bootId, isAlive, type ProcessIdentity, thisProcess } from './process-identity';
import { refusedBy } from './refused-by';
import { makeFolder } from './writable';

const FILE = '.lock';

/** What a lock file says of the process that holds it. */
type Holder = ProcessIdentity & {
  host: string;
  boot: string;
  /** Name of the socket beside the lock that the process listens at; '' where it could not have one. */
  socket: string;
};

/** A folder that this process has claimed. */
export type FolderLock = {
  readonly dir: string;
  /** 'held' by this process still; 'gone' where the folder, or the lock in it, was deleted; 'taken' by another process. */
  state: () => Promise<'held' | 'gone' | 'taken'>;
  /** Gives back what was claimed. */
  release: () => Promise<void>;
};

/** What this process has claimed by a file. */
type FileLock = Omit<FolderLock, 'dir'>;

const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });

/** What the text of a lock says; undefined for a damaged one. Until 0.2 it was the process's number alone. */
const parseHolder = (text: string): Holder | undefined => {
  const unsaid = { started: '', space: '', host: hostname(), boot: bootId(), socket: '' };
  try {
    const value = JSON.parse(text) as Partial<Holder> | number | null;
    const said: Partial<Holder> = typeof value === 'number' ? { pid: value } : (value ?? {});
    const holder = { ...unsaid, ...said };
    const texts = [holder.started, holder.space, holder.host, holder.boot, holder.socket];
    return Number.isSafeInteger(holder.pid) && texts.every(part => typeof part === 'string')
      ? (holder as Holder)
      : undefined;
  } catch {
    return undefined;
  }
};

/** Why what a lock file stands for cannot be had; undefined where the process that held it is no more. */
const objection = async (path: string, holder: Holder): Promise<string | undefined> => {
  const { pid, host, boot, socket, started } = holder;
  if (host !== hostname() && (boot === '' || boot !== bootId()))
    return `process ${pid} of another machine, ${host}; if that one has ended, delete ${path}`;
  if (boot !== bootId()) return undefined; // this machine has started anew since
  const name = `process ${pid}`;
  switch (isAlive(holder)) {
    case 'no':
      return undefined;
    case 'yes':
      if (pid !== process.pid) return name;
      return started === '' && thisProcess().started !== '' ? undefined : `this process (${pid})`; // an old lock of ours: stale
    case 'unknown': {
      const open = socket === '' ? undefined : await isListening(join(dirname(path), basename(socket)));
      if (open === false) return undefined;
      const hint = open === true ? '' : `; if it has ended, delete ${path}`;
      return `${name} of another container on this machine${hint}`;
    }
  }
};

/** Fails if the file is there; unlike a plain write a link never shows it empty, but not every disk has links. */
const place = (draft: string, path: string, text: string): Promise<void> =>
  link(draft, path).catch((error: unknown) => {
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'ENOSYS')) throw error;
    return writeFile(path, text, { flag: 'wx' });
  });

/** Removes a stale lock, and puts it back if someone else was quicker and it is theirs now. */
const takeAway = async (path: string, text: string): Promise<void> => {
  const taken = hiddenName(path, 'gone');
  try {
    await rename(path, taken);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  if ((await textOf(taken)) !== text) return rename(taken, path);
  const { socket } = parseHolder(text) ?? { socket: '' };
  if (socket !== '') await rm(join(dirname(path), basename(socket)), { force: true });
  await rm(taken, { force: true });
};

/** Which living process has claimed a folder, in words; undefined where none has. */
export const folderHolder = async (dir: string): Promise<string | undefined> => {
  const text = await textOf(join(dir, FILE));
  const holder = text === undefined ? undefined : parseHolder(text);
  return holder && objection(join(dir, FILE), holder);
};

/** Who has claimed the folder: this process, a living one of another container or machine, or neither of them. */
export const lockedBy = async (dir: string): Promise<'this' | 'elsewhere' | 'other'> => {
  const text = await textOf(join(dir, FILE));
  const holder = text === undefined ? undefined : parseHolder(text);
  if (!holder) return 'other';
  const { pid, started, space } = thisProcess();
  if (holder.space === space) return holder.pid === pid && holder.started === started ? 'this' : 'other';
  return (await objection(join(dir, FILE), holder)) === undefined ? 'other' : 'elsewhere';
};

/**
 * Claims by a file, in a folder that is there. A lock ends with its process, however that ends and whoever has its number
 * now: a lock of a dead process is taken over. On a network drive the lock of another machine is respected until it is deleted.
 * @param refusal what an error says where that process has it
 * @throws CheckpointError 'locked', naming the process that holds it (which may be this one); 'unwritable'
 */
export const lockFile = async (path: string, refusal: (process: string) => string): Promise<FileLock> => {
  const draft = hiddenName(path, 'new');
  const line = await lifeline(`${draft}.socket`);
  const holder: Holder = {
    ...thisProcess(),
    host: hostname(),
    boot: bootId(),
    socket: line ? basename(line.path) : '',
  };
  const own = `${JSON.stringify(holder)}\n`;
  let held = false;
  try {
    await writeFile(draft, own).catch((error: unknown) => {
      throw refusedBy(path, error);
    });
    while (!held) {
      try {
        await place(draft, path, own);
        held = true;
        break;
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
      }
      const text = await textOf(path);
      if (text === undefined) continue;
      const other = parseHolder(text);
      const why = other && (await objection(path, other));
      if (why !== undefined) throw new CheckpointError('locked', refusal(why));
      await takeAway(path, text);
    }
  } finally {
    await rm(draft, { force: true });
    if (!held) await line?.close();
  }
  return {
    state: async () => {
      const text = await textOf(path);
      return text === own ? 'held' : text === undefined ? 'gone' : 'taken';
    },
    release: async () => {
      if ((await textOf(path)) === own) await rm(path, { force: true });
      await line?.close();
    },
  };
};

/**
 * Claims a folder for this process, so that two runs do not write into one folder; makes it if need be.
 * @throws CheckpointError 'locked' and 'unwritable', as `lockFile` does
 */
export const lockFolder = async (dir: string): Promise<FolderLock> => {
  await makeFolder(dir);
  const refusal = (process: string): string =>
    `${dir} is in use by ${process}; end that run first or choose another folder`;
  return { dir, ...(await lockFile(join(dir, FILE), refusal)) };
};
