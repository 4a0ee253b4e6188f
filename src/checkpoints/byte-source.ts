import { readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { CheckpointError } from './checkpoint-error';

/** Bytes that are read by range: a file of any size, or memory. */
export type ByteSource = {
  /** Bytes. */
  size: number;
  /** `length` bytes from `position`, in memory of their own or not: not to be written to. */
  readSync: (position: number, length: number) => Uint8Array;
  /** The same without blocking, in memory of their own. */
  read: (position: number, length: number) => Promise<Uint8Array>;
};

/** A stretch of a source; `crc32` is what the bytes must have as a whole, where the file says so. */
export type ByteRange = { source: ByteSource; start: number; length: number; crc32?: number };

const LARGEST_READ = 2 ** 30; // one call reads less than 2 GiB

const becameShorter = (): CheckpointError => new CheckpointError('file-changed', 'the file became shorter meanwhile');

/** Opens a file for reading by range, for as long as `use` runs; errors name the file. */
export const withFile = async <T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> => {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return await use({
      size,
      readSync: (position, length) => {
        const bytes = new Uint8Array(length);
        for (let at = 0; at < length;) {
          const count = readSync(file.fd, bytes, at, Math.min(length - at, LARGEST_READ), position + at);
          if (count === 0) throw becameShorter();
          at += count;
        }
        return bytes;
      },
      read: async (position, length) => {
        const bytes = new Uint8Array(length);
        for (let at = 0; at < length;) {
          const { bytesRead } = await file.read(bytes, at, Math.min(length - at, LARGEST_READ), position + at);
          if (bytesRead === 0) throw becameShorter();
          at += bytesRead;
        }
        return bytes;
      },
    });
  } catch (error) {
    if (error instanceof CheckpointError) error.message = `${path}: ${error.message}`;
    throw error;
  } finally {
    await file.close();
  }
};

/** Bytes in memory as a source; they must not change while it is in use. */
export const memorySource = (bytes: Uint8Array): ByteSource => {
  const view = (position: number, length: number): Uint8Array => {
    if (position + length > bytes.length) throw becameShorter();
    return bytes.subarray(position, position + length);
  };
  return {
    size: bytes.length,
    readSync: view,
    // A copy by constructor: slice of a Node Buffer would be a view of a larger memory.
    read: (position, length) => Promise.resolve(new Uint8Array(view(position, length))),
  };
};
