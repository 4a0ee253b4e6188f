import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { DatasetError } from '../dataset-error';

/**
 * The bytes of a file that is one: a pipe or a device, also behind a link, would never end.
 * @param limit bytes it may have
 * @throws DatasetError for what is no regular file, and for a larger one; Node's error where it cannot be opened
 */
export const readRegularFile = async (path: string, limit: number): Promise<Buffer> => {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // a pipe is opened without waiting
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new DatasetError(`${path}: no regular file, but a folder, a pipe or a device`);
    if (status.size > limit) throw new DatasetError(`${path}: ${status.size} bytes; ${limit} are the limit`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
};
