import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Records of one size, one after the other in one or several files, read where they lie: memory does not grow with them. */
export type Records = {
  length: number; // records in all files
  sha256: string; // over the bytes of all files, in order
  read: (index: number, into: Uint8Array) => Promise<void>; // one record
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

/** Opens files of records of `size` bytes; stays open until `close`. */
export const openRecords = async (files: readonly RecordFile[], size: number): Promise<Records> => {
  const sha256 = await sha256OfFiles(files.map(({ path }) => path));
  const handles: FileHandle[] = [];
  for (const { path } of files) handles.push(await open(path, 'r'));
  return {
    length: files.reduce((sum, { count }) => sum + count, 0),
    sha256,
    read: async (index, into) => {
      let file = 0;
      while (index >= files[file].count) index -= files[file++].count;
      await handles[file].read(into, 0, size, files[file].offset + index * size);
    },
    close: async () => {
      for (const handle of handles) await handle.close();
    },
  };
};
