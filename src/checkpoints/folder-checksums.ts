import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CheckpointError } from './checkpoint-error';
import { noPlainFile } from './set-aside';

const FILE = 'checksums.json';

const sha256OfFile = async (path: string): Promise<string> => {
  const strange = await noPlainFile(path);
  if (strange !== undefined) throw new CheckpointError('checksum', `${path}: damaged, ${strange}`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest('hex');
};

/** Writes `checksums.json` into a folder whose files are all there: the SHA-256 of each, by name. */
export const writeChecksums = async (folder: string): Promise<void> => {
  const names = (await readdir(folder)).sort();
  const sums: Record<string, string> = {};
  for (const name of names) sums[name] = await sha256OfFile(join(folder, name));
  await writeFile(join(folder, FILE), `${JSON.stringify(sums, null, 1)}\n`);
};

const readSums = async (path: string): Promise<Record<string, unknown>> => {
  try {
    if ((await noPlainFile(path)) !== undefined) throw new SyntaxError('no file');
    const sums = JSON.parse(await readFile(path, 'utf8')) as unknown;
    if (typeof sums === 'object' && sums !== null && Object.keys(sums).length > 0)
      return sums as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CheckpointError('checksum', `${path}: damaged, it must hold a checksum for each file beside it`);
};

/**
 * Compares the files of a folder with its `checksums.json`. A folder without one is of an older version, and passes.
 * @throws CheckpointError naming the first file that is missing or was changed
 */
export const expectChecksums = async (folder: string): Promise<void> => {
  const list = join(folder, FILE);
  if (!existsSync(list)) return;
  for (const [name, sum] of Object.entries(await readSums(list))) {
    const path = join(folder, name);
    if (!existsSync(path))
      throw new CheckpointError('missing', `${path} is missing, though ${FILE} lists it: the checkpoint is incomplete`);
    if ((await sha256OfFile(path)) !== sum)
      throw new CheckpointError('checksum', `${path}: damaged, it does not fit its checksum in ${FILE}`);
  }
};
