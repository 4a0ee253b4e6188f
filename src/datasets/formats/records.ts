import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DatasetError } from '../dataset-error';

/** Records of one size, one after the other in one or several files, read where they lie: memory does not grow with them. */
export type Records = {
  /** Records in all files. */
  length: number;
  /** One record. */
  read: (index: number, into: Uint8Array) => Promise<void>;
  close: () => Promise<void>;
};

/** Part of a file that holds records. */
export type RecordFile = { path: string; offset: number; count: number };

/** SHA-256 over the bytes of files, in order. */
export const sha256OfFiles = async (paths: readonly string[]): Promise<string> => {
  const hash = createHash('sha256');
  for (const path of paths) for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
};

/**
 * Fills `into` from `position` of an open file.
 * @throws DatasetError when the file ends before
 */
export const readFully = async (
  handle: FileHandle,
  path: string,
  into: Uint8Array,
  position: number,
): Promise<void> => {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0)
      throw new DatasetError(
        `${path}: bytes ${position} to ${position + into.length} were wanted, the file ends at ${position + done}`,
      );
    done += bytesRead;
  }
};

/**
 * Opens files of records of `size` bytes; stays open until `close`.
 * @throws Node's error for a file that cannot be opened; `read` rejects with a DatasetError when a file became shorter
 */
export const openRecords = async (files: readonly RecordFile[], size: number): Promise<Records> => {
  const handles: FileHandle[] = [];
  const close = async (): Promise<void> => {
    for (const handle of handles.splice(0)) await handle.close();
  };
  try {
    for (const { path } of files) handles.push(await open(path, 'r'));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    length: files.reduce((sum, { count }) => sum + count, 0),
    read: async (index, into) => {
      let file = 0;
      while (index >= files[file].count) index -= files[file++].count;
      await readFully(handles[file], files[file].path, into.subarray(0, size), files[file].offset + index * size);
    },
    close,
  };
};
