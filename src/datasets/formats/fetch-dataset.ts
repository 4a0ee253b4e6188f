import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { commitFolder, writeFileAtomic } from '../../checkpoints';
import { expectKeys } from '../../compute/check';
import { DatasetError } from '../dataset-error';
import { fetchedFolder, type FetchedName } from '../open-dataset';
import { CIFAR10_FILES } from './cifar10';
import { download, type DownloadProgress } from './download';
import { PUBLISHED, type PublishedDataset, type PublishedFile } from './published';
import { sha256OfFiles } from './records';

/** Options of `fetchDataset`. */
export type FetchOptions = {
  /** A file that was downloaded by hand, or the folder of several. */
  from?: string;
  onProgress?: (file: string, progress: DownloadProgress) => void;
  /** Stops, keeping what has arrived. */
  signal?: AbortSignal;
  /** Another source of the same files. */
  published?: PublishedDataset;
};

const MOST_CONTENT = 2 ** 30; // bytes that are unpacked to be checked

const contentSha256 = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path).pipe(createGunzip())) {
    bytes += (piece as Buffer).length;
    if (bytes > MOST_CONTENT) throw new Error(`it unpacks to more than ${MOST_CONTENT} bytes`);
    hash.update(piece as Buffer);
  }
  return hash.digest('hex');
};

const isPublished = async (path: string, { sha256, contentSha256: content }: PublishedFile): Promise<boolean> => {
  if ((await sha256OfFiles([path])) === sha256) return true;
  if (content === undefined) return false;
  return (await contentSha256(path).catch(() => undefined)) === content;
};

/** Takes a file that the user has, after the same checks. */
const takeFile = async (from: string, file: PublishedFile, place: string, named: boolean): Promise<void> => {
  const found = await stat(from);
  const path = found.isDirectory() ? join(from, file.name) : from;
  if ((named && basename(path) !== file.name) || !(await stat(path).catch(() => undefined)))
    throw new DatasetError(`${from}: ${file.name} was expected, from ${file.url}`);
  if (!(await isPublished(path, file)))
    throw new DatasetError(
      `${path}: not the published file, whose SHA-256 is ${file.sha256}; this one has ${await sha256OfFiles([path])}`,
    );
  if (path !== place) await writeFileAtomic(place, createReadStream(path) as AsyncIterable<Uint8Array>);
};

const complete = async (folder: string, names: readonly string[]): Promise<boolean> => {
  const there = await readdir(folder).catch(() => [] as string[]);
  return names.every(name => there.includes(name));
};

/** Unpacks CIFAR-10's archive with the system's tar; the archive has been checked, so what is in it is known. */
const unpackCifar10 = async (archive: string, folder: string): Promise<void> => {
  await commitFolder(dirname(folder), basename(folder), async temporary => {
    try {
      await promisify(execFile)('tar', ['-xzf', archive, '-C', temporary, '--strip-components=1']);
    } catch (error) {
      throw new DatasetError(`${archive} cannot be unpacked by tar (${(error as Error).message.trim()})`);
    }
    if (!(await complete(temporary, CIFAR10_FILES)))
      throw new DatasetError(`${archive}: ${CIFAR10_FILES.join(', ')} were expected in it`);
  });
  await rm(archive);
};

/**
 * Fetches a published data set into the cache, or takes it from files downloaded by hand; every file is checked by its
 * SHA-256. What is there already is left as it is. Afterwards `openDataset(name)` finds it.
 * @returns the folder
 * @throws DatasetError for files that are not the published ones; DownloadError when they cannot be had
 */
export const fetchDataset = async (name: FetchedName, options: FetchOptions = {}): Promise<string> => {
  expectKeys('fetchDataset', options, ['from', 'onProgress', 'signal', 'published']);
  const { from, onProgress, signal, published = PUBLISHED[name] } = options;
  const folder = fetchedFolder(name);
  const archived = name === 'cifar10';
  if (archived && (await complete(folder, CIFAR10_FILES))) return folder;
  const downloads = archived ? dirname(folder) : folder;
  await mkdir(downloads, { recursive: true });
  for (const file of published.files) {
    const place = join(downloads, file.name);
    if (from !== undefined) await takeFile(from, file, place, published.files.length > 1);
    else if (!((await stat(place).catch(() => undefined)) && (await isPublished(place, file))))
      await download(file.url, place, {
        sha256: file.sha256,
        signal,
        onProgress: onProgress && (progress => onProgress(file.name, progress)),
      });
  }
  if (archived) await unpackCifar10(join(downloads, published.files[0].name), folder);
  return folder;
};
