import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CheckpointError, hiddenName, lockFile, refusedBy } from '../../checkpoints';
import { expectKeys } from '../../compute/check';
import { sha256OfFiles } from './records';

/** Thrown when a file cannot be had from its publisher; the message says what can be done about it. */
export class DownloadError extends Error {
  override name = 'DownloadError';
}

/** How far a download has come. */
export type DownloadProgress = {
  /** Bytes, those of earlier attempts included. */
  received: number;
  /** Bytes, where the server says it. */
  total?: number;
};

export type DownloadOptions = {
  /** Of the whole file, hexadecimal; without it an interrupted download starts anew. */
  sha256?: string;
  /** Called for every piece that arrives. */
  onProgress?: (progress: DownloadProgress) => void;
  /** Stops, keeping what has arrived where there is a checksum. */
  signal?: AbortSignal;
};

const sizeOf = async (path: string): Promise<number> => {
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
};

const byHand = (url: string, path: string): string => `Fetch ${url} elsewhere and put it at ${path}.`;

const request = async (url: string, path: string, from: number, signal?: AbortSignal): Promise<Response> => {
  // Compression on the way would be undone silently, and ranges would count other bytes.
  const headers = { 'accept-encoding': 'identity', ...(from > 0 && { range: `bytes=${from}-` }) };
  try {
    return await fetch(url, { headers, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CheckpointError) throw error; // the disk's fault, not the connection's
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message;
    throw new DownloadError(`${url} cannot be reached (${why}). ${byHand(url, path)}`);
  }
};

/** From where the body goes on, and how long the whole is; undefined when the server cannot go on from there. */
const placeOf = (response: Response, from: number): { start: number; total?: number } | undefined => {
  if (response.status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    return Number(start) === from ? { start: from, total: Number(total) } : undefined;
  }
  const length = response.headers.get('content-length');
  return { start: 0, ...(length !== null && { total: Number(length) }) };
};

/** Writes the body behind what has arrived already. */
const receive = async (
  response: Response,
  part: string,
  { start, total }: { start: number; total?: number },
  onProgress?: DownloadOptions['onProgress'],
): Promise<void> => {
  const file = await open(part, start > 0 ? 'a' : 'w');
  let received = start;
  let size: number;
  try {
    for await (const piece of response.body ?? []) {
      await file.writeFile(piece as Uint8Array).catch((error: unknown) => {
        throw refusedBy(part, error);
      });
      received += (piece as Uint8Array).length;
      onProgress?.({ received, total });
    }
    await file.sync();
    ({ size } = await file.stat());
  } finally {
    await file.close();
  }
  if (total !== undefined && received !== total) throw new Error(`${received} of ${total} bytes arrived`);
  if (size !== received)
    throw new DownloadError(`${part} was changed while it arrived: ${size} bytes, not ${received}`);
};

/** One request; true when the whole file has arrived, false when it has to begin anew. */
const attempt = async (url: string, path: string, part: string, options: DownloadOptions): Promise<boolean> => {
  const { sha256, signal, onProgress } = options;
  const from = sha256 === undefined ? 0 : await sizeOf(part); // unchecked, two versions could be joined
  const response = await request(url, path, from, signal);
  const place = response.status === 416 ? undefined : placeOf(response, from);
  if (from > 0 && !place) {
    await response.body?.cancel();
    return false;
  }
  if (!response.ok || !place) {
    await response.body?.cancel();
    throw new DownloadError(`${url}: the server says ${response.status} ${response.statusText}. ${byHand(url, path)}`);
  }
  try {
    await receive(response, part, place, onProgress);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CheckpointError || error instanceof DownloadError) throw error; // not the connection's fault
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
    const next = sha256 === undefined ? 'begins anew' : 'goes on from there';
    throw new DownloadError(`${url}: the connection ended early (${why}); the same command ${next}`);
  }
  return true;
};

const checked = async (file: string, expected: string | undefined): Promise<string> => {
  const found = await sha256OfFiles([file]);
  if (expected !== undefined && found !== expected.toLowerCase()) {
    throw new DownloadError(`${file}: SHA-256 is ${found}, the published file has ${expected}`);
  }
  return found;
};

/** Fetches what is not there yet into `part`, and puts it into its place. */
const fetchInto = async (part: string, url: string, path: string, options: DownloadOptions): Promise<string> => {
  if (!(await attempt(url, path, part, options))) {
    await rm(part);
    await attempt(url, path, part, options);
  }
  try {
    const found = await checked(part, options.sha256);
    await rename(part, path);
    return found;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
};

/**
 * Fetches a file to `path`, which appears whole and checked or not at all. With a checksum what arrives lies in `path`.part,
 * from which an interrupted download goes on, one at a time. A file that is there already is only checked.
 * @returns the file's SHA-256
 * @throws DownloadError when the server cannot be reached, refuses, ends early, or sends another file; CheckpointError
 * 'locked' while another download with a checksum fills `path`.part; the reason of `signal` when it stops
 */
export const download = async (url: string, path: string, options: DownloadOptions = {}): Promise<string> => {
  expectKeys('download', options, ['sha256', 'onProgress', 'signal']);
  const { sha256 } = options;
  if ((await sizeOf(path)) > 0) return checked(path, sha256);
  await mkdir(dirname(path), { recursive: true });
  if (sha256 === undefined) {
    const own = hiddenName(path, 'new'); // nobody could go on from it
    return fetchInto(own, url, path, options).finally(() => rm(own, { force: true }));
  }
  const part = `${path}.part`;
  const lock = await lockFile(`${part}.lock`, process => `${part} is being filled by ${process}; wait for its end`);
  try {
    return (await sizeOf(path)) > 0 ? await checked(path, sha256) : await fetchInto(part, url, path, options);
  } finally {
    await lock.release();
  }
};
