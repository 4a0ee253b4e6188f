import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../checkpoints';

/** One finished configuration of a sweep. */
export type SweepEntry<C, R> = { config: C; result: R; cached: boolean };

/** JSON with sorted keys: equal configurations have equal text. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) =>
    v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v,
  );

/** The name under which a configuration's result is kept. */
export const configHash = (config: object): string =>
  createHash('sha256').update(canonical(config)).digest('hex').slice(0, 16);

/** Where in a sweep's folder an evaluation that takes long keeps what it has so far; it removes it at its end. */
export const unfinishedFolder = (folder: string, config: object): string =>
  join(folder, `${configHash(config)}.unfinished`);

const read = async <R>(path: string, config: object): Promise<R | undefined> => {
  try {
    const stored = JSON.parse(await readFile(path, 'utf8')) as { config: object; result: R };
    return canonical(stored.config) === canonical(config) ? stored.result : undefined;
  } catch {
    return undefined; // absent or damaged: computed again
  }
};

/** What `work` returns, or nothing where it failed because it was stopped. */
const unlessAborted = async <R>(work: () => Promise<R>, signal?: AbortSignal): Promise<R | undefined> => {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
};

/**
 * Evaluates every configuration once: results are kept in `folder/<hash of the configuration>.json`, so a sweep that was
 * stopped goes on where it was, and after one value changed only what depends on it runs again. Aborted, the sweep ends with
 * what there is: also when `evaluate` gives up by throwing, or by returning undefined.
 */
export const sweep = async <C extends object, R>({
  configs,
  folder,
  evaluate,
  onEntry,
  signal,
}: {
  configs: readonly C[];
  folder: string;
  evaluate: (config: C) => Promise<R | undefined>;
  onEntry?: (entry: SweepEntry<C, R>) => void | Promise<void>;
  signal?: AbortSignal;
}): Promise<SweepEntry<C, R>[]> => {
  await mkdir(folder, { recursive: true });
  const entries: SweepEntry<C, R>[] = [];
  for (const config of configs) {
    const path = join(folder, `${configHash(config)}.json`);
    const known = await read<R>(path, config);
    const began = performance.now();
    if (known === undefined && signal?.aborted) break;
    const result = known ?? (await unlessAborted(() => evaluate(config), signal));
    if (result === undefined) break;
    const seconds = (performance.now() - began) / 1000;
    if (known === undefined) await writeFileAtomic(path, `${JSON.stringify({ config, result, seconds }, null, 1)}\n`);
    const entry = { config, result, cached: known !== undefined };
    entries.push(entry);
    await onEntry?.(entry);
  }
  return entries;
};
