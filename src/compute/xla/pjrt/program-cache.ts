/*
 * Compiled programs kept on disk: XLA takes seconds to compile a module, and the same run is started again and again. An
 * entry is named by all that its code depends on and holds its own checksum. It is machine code: the folder is the user's
 * own, closed to others.
 */
import { createHash, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client, ProgramOptions } from './client';
import { encodeCompileOptions } from './compile-options';
import { DeviceLostError } from './device-error';
import { librariesOf } from './plugin-libraries';
import type { Program } from './program';
import { userCache } from '../../user-cache';

/** Where and how much is kept. */
export type CacheOptions = {
  /** folder of the entries; default `programs` in the user's cache; false: nothing is kept */
  cache?: string | false;
  /** bytes kept in all; the entries not used for longest go first; default 4 GiB */
  cacheBytes?: number;
};

/** A program, and how it was had. */
export type HadProgram = {
  program: Program;
  from: 'cache' | 'compiler';
  /** seconds that took */
  seconds: number;
  /** why an entry that was there could not be used, or a new one not be kept */
  cacheProblem?: string;
};

const MAGIC = 'cosim program 1';
const HEADER = MAGIC.length + 1 + 64 + 1 + 64 + 1; // three lines: magic, key, checksum

const sha256 = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part); // lengths, so that parts cannot run together
  return hash.digest('hex');
};

/** A plugin and the libraries that its programs call: a new version of either makes other programs. */
const identity = (client: Client): string => {
  const files = [client.plugin, ...librariesOf(client.plugin)].map(path => {
    const { size, mtimeMs } = statSync(path);
    return [path, size, mtimeMs];
  });
  return JSON.stringify([files, client.platform, client.platformVersion, client.interfaceVersion, client.deviceKinds]);
};

const keyOf = (client: Client, module: string | Uint8Array, options: ProgramOptions): string =>
  sha256(module, encodeCompileOptions(options), identity(client), process.env.XLA_FLAGS ?? '');

/** The program in an entry. @throws Error saying what is wrong with it */
const contentOf = (bytes: Buffer, key: string): Buffer => {
  const [magic, owner, checksum] = bytes.subarray(0, HEADER).toString('latin1').split('\n');
  if (magic !== MAGIC) throw new Error('not an entry of this cache');
  if (owner !== key) throw new Error('the entry of another program');
  const content = bytes.subarray(HEADER);
  if (sha256(content) !== checksum) throw new Error('its checksum does not match');
  return content;
};

const absent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Removes what was not used for longest until `most` bytes are left. */
const prune = async (folder: string, most: number): Promise<void> => {
  const names = await readdir(folder);
  const files = await Promise.all(
    names.map(async name => {
      const path = join(folder, name);
      const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 })); // another process removed it
      return { path, size, mtimeMs };
    }),
  );
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (total <= most) return;
    await rm(path, { force: true });
    total -= size;
  }
};

/** Keeps a program. Not synchronised to the disk: an entry that a crash tore fails its checksum and is made again. */
const keep = async (folder: string, path: string, key: string, program: Program, most: number): Promise<void> => {
  const content = await program.serialize();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}.new`;
  try {
    await writeFile(temporary, Buffer.concat([Buffer.from(`${MAGIC}\n${key}\n${sha256(content)}\n`), content]), {
      mode: 0o600,
    });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await prune(folder, most);
};

/** The kept program; undefined where there is none. An entry that cannot be used is set aside. */
const kept = async (
  client: Client,
  path: string,
  key: string,
  options: ProgramOptions,
): Promise<{ program?: Program; problem?: string }> => {
  try {
    const program = await client.load(contentOf(await readFile(path), key), options);
    const now = new Date();
    await utimes(path, now, now).catch(() => undefined); // only for the order of removal
    return { program };
  } catch (error) {
    if (absent(error)) return {};
    if (error instanceof DeviceLostError) throw error;
    await rename(path, `${path}.damaged`).catch(() => undefined);
    return { problem: `${path} was set aside: ${(error as Error).message.split('\n')[0]}` };
  }
};

/**
 * Compiles a module, or loads what an earlier call compiled: by the same plugin and libraries, with the same options, for
 * the same kind of device. The cache never fails a run: what goes wrong with it is reported and the module compiled.
 * @throws as `Client.compile`
 */
export const compileCached = async (
  client: Client,
  module: string | Uint8Array,
  { cache = userCache('programs'), cacheBytes = 4 * 2 ** 30, ...options }: ProgramOptions & CacheOptions = {},
): Promise<HadProgram> => {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  if (cache === false) return { program: await client.compile(module, options), from: 'compiler', seconds: seconds() };
  const key = keyOf(client, module, options);
  const path = join(cache, `${key}.program`);
  const found = await kept(client, path, key, options);
  if (found.program) return { program: found.program, from: 'cache', seconds: seconds() };
  const program = await client.compile(module, options);
  let { problem } = found;
  try {
    await keep(cache, path, key, program, cacheBytes);
  } catch (error) {
    problem ??= `${path} could not be kept: ${(error as Error).message.split('\n')[0]}`;
  }
  return { program, from: 'compiler', seconds: seconds(), ...(problem !== undefined && { cacheProblem: problem }) };
};
