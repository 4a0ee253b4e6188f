import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { canonicalJson, readKept, writeKept } from '../checkpoints';
import { beginMaking, distinctMadeBy, freshWanted, isStale, type MadeBy, takeMadeBy, withMarks } from '../provenance';
import type { AddMadeBy } from './evaluation';
import { unlessAborted } from './unless-aborted';

/** One finished configuration of a sweep. */
export type SweepEntry<C, R> = {
  config: C;
  /** Rows carry `madeBy` and, where it is so, `stale`: what is drawn of them can say what made them. */
  result: R;
  cached: boolean;
  /** What computed it, parts that were there before included; none: stored before results kept it. */
  madeBy: readonly MadeBy[];
  /** Found, but computed by other code than today's, or by unknown code. */
  stale: boolean;
};

/** What is kept of a finished configuration. */
export type Stored<R> = { result: R; madeBy: readonly MadeBy[] };

/** The name under which a configuration's result is kept. */
export const configHash = (config: object): string =>
  createHash('sha256').update(canonicalJson(config)).digest('hex').slice(0, 16);

/** Where in a sweep's folder an evaluation that takes long keeps what it has so far; it removes it at its end. */
export const unfinishedFolder = (folder: string, config: object): string =>
  join(folder, `${configHash(config)}.unfinished`);

/**
 * A result with what made it: `done`, parts that were there before, and what its rows bring along.
 * @param done of `beginMaking`, called before
 * @returns nothing where the signal was given meanwhile
 */
export const makeEntry = async <R>(
  done: (parts: readonly MadeBy[]) => MadeBy,
  evaluate: (addMadeBy: AddMadeBy) => Promise<R | undefined>,
  signal?: AbortSignal,
): Promise<Stored<R> | undefined> => {
  const earlier: MadeBy[] = [];
  const evaluated = await unlessAborted(() => evaluate(made => earlier.push(...made)), signal);
  if (evaluated === undefined) return undefined;
  const { result, madeBy: ofRows } = takeMadeBy(evaluated);
  const parts = [...earlier, ...ofRows];
  return { result, madeBy: distinctMadeBy([...parts, done(parts)]) };
};

/** What a sweep evaluates, where it keeps it, and how it is watched. */
export type SweepOptions<C extends object, R> = {
  configs: readonly C[];
  /** Of results. */
  folder: string;
  /** Computes again what other code, or unknown code, computed. Default: as COSIM_FRESH says. */
  fresh?: boolean;
  onEntry?: (entry: SweepEntry<C, R>) => void | Promise<void>;
  signal?: AbortSignal;
};

/**
 * What `sweep` does, with the making of a result left open. Where the rest is computed elsewhere, what is found comes first
 * to `onEntry`, and the rest in any order.
 */
export const keptSweep = async <C extends object, R>({
  configs,
  folder,
  make,
  elsewhere,
  fresh = freshWanted(),
  onEntry,
}: SweepOptions<C, R> & {
  /** Computes one, here. */
  make: (config: C) => Promise<Stored<R> | undefined>;
  /** Computes all that are missing, in its place. */
  elsewhere?: (missing: readonly C[]) => AsyncIterable<[C, Stored<R>]>;
}): Promise<SweepEntry<C, R>[]> => {
  await mkdir(folder, { recursive: true });
  const pathOf = (config: C): string => join(folder, `${configHash(config)}.json`);
  const entries = new Map<C, SweepEntry<C, R>>();
  const take = async (config: C, { result, madeBy }: Stored<R>, cached: boolean): Promise<void> => {
    const stale = isStale(madeBy);
    const marked = withMarks(result, { madeBy, ...(stale && { stale }) });
    const entry = { config, result: marked, cached, madeBy, stale };
    entries.set(config, entry);
    await onEntry?.(entry);
  };
  const isFound = async (config: C): Promise<boolean> => {
    const known = await readKept<Stored<R>>(pathOf(config), config);
    if (known === undefined || (fresh && isStale(known.madeBy))) return false;
    await take(config, known, true);
    return true;
  };
  const keep = async (config: C, stored: Stored<R>): Promise<void> => {
    await writeKept(pathOf(config), config, stored);
    await take(config, stored, false);
  };
  if (elsewhere) {
    const missing: C[] = [];
    for (const config of configs) if (!(await isFound(config))) missing.push(config);
    for await (const [config, stored] of elsewhere(missing)) await keep(config, stored);
  } else
    for (const config of configs) {
      if (await isFound(config)) continue;
      const stored = await make(config);
      if (stored === undefined) break;
      await keep(config, stored);
    }
  const all = configs.flatMap(config => entries.get(config) ?? []);
  if (all.length === configs.length) return all;
  return all.map(entry => ({ ...entry, result: withMarks(entry.result, { interrupted: true }) }));
};

/**
 * Evaluates every configuration once: results are kept in `folder/<hash of the configuration>.json` with what made them,
 * so a sweep that was stopped goes on where it was, and after one value changed only what depends on it runs again. What
 * does not fit its checksum or its configuration is set aside with a warning, and computed again.
 * Aborted, the sweep ends with what there is, its rows marked `interrupted`: also when `evaluate` gives up by throwing, or by
 * returning undefined.
 * @returns those that there are, in the order of the configurations
 */
export const sweep = <C extends object, R>({
  evaluate,
  code = join(__dirname, `index${extname(__filename)}`),
  ...rest
}: SweepOptions<C, R> & {
  evaluate: (config: C, addMadeBy: AddMadeBy) => Promise<R | undefined>;
  /** `__filename` of the module that computes. Default: all studies. */
  code?: string;
}): Promise<SweepEntry<C, R>[]> =>
  keptSweep<C, R>({
    ...rest,
    make: config => makeEntry(beginMaking(code), addMadeBy => evaluate(config, addMadeBy), rest.signal),
  });
