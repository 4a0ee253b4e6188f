import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { canonicalJson, readKept, writeKept } from '../checkpoints';
import { beginMaking, distinctMadeBy, freshWanted, isStale, type MadeBy, takeMadeBy, withMarks } from '../provenance';
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
type Stored<R> = { result: R; madeBy: readonly MadeBy[] };

/** Adds what made the parts of a result that were computed earlier: generators, the beginning of a training. */
export type AddMadeBy = (made: readonly MadeBy[]) => void;

/** The name under which a configuration's result is kept. */
export const configHash = (config: object): string =>
  createHash('sha256').update(canonicalJson(config)).digest('hex').slice(0, 16);

/** Where in a sweep's folder an evaluation that takes long keeps what it has so far; it removes it at its end. */
export const unfinishedFolder = (folder: string, config: object): string =>
  join(folder, `${configHash(config)}.unfinished`);

/**
 * Evaluates every configuration once: results are kept in `folder/<hash of the configuration>.json` with what made them,
 * so a sweep that was stopped goes on where it was, and after one value changed only what depends on it runs again. What
 * does not fit its checksum or its configuration is set aside with a warning, and computed again.
 * Aborted, the sweep ends with what there is, its rows marked `interrupted`: also when `evaluate` gives up by throwing, or by returning undefined.
 */
export const sweep = async <C extends object, R>({
  configs,
  folder,
  evaluate,
  code,
  fresh = freshWanted(),
  onEntry,
  signal,
}: {
  configs: readonly C[];
  folder: string;
  evaluate: (config: C, addMadeBy: AddMadeBy) => Promise<R | undefined>;
  /** `__filename` of the module that computes. Default: all studies. */
  code?: string;
  /** Computes again what other code, or unknown code, computed. Default: as COSIM_FRESH says. */
  fresh?: boolean;
  onEntry?: (entry: SweepEntry<C, R>) => void | Promise<void>;
  signal?: AbortSignal;
}): Promise<SweepEntry<C, R>[]> => {
  await mkdir(folder, { recursive: true });
  const file = code ?? join(__dirname, `index${extname(__filename)}`);
  const entries: SweepEntry<C, R>[] = [];
  const found = async (config: C, path: string): Promise<SweepEntry<C, R> | undefined> => {
    const known = await readKept<Stored<R>>(path, config);
    if (known === undefined) return undefined;
    const { result, madeBy } = known;
    const stale = isStale(madeBy);
    if (stale && fresh) return undefined;
    return { config, result: withMarks(result, { madeBy, ...(stale && { stale }) }), cached: true, madeBy, stale };
  };
  const computed = async (config: C, path: string): Promise<SweepEntry<C, R> | undefined> => {
    const done = beginMaking(file);
    const earlier: MadeBy[] = [];
    const evaluated = await unlessAborted(() => evaluate(config, made => earlier.push(...made)), signal);
    if (evaluated === undefined) return undefined;
    const { result, madeBy: ofRows } = takeMadeBy(evaluated);
    const madeBy = distinctMadeBy([...earlier, ...ofRows, done()]);
    await writeKept(path, config, { result, madeBy } satisfies Stored<R>);
    const stale = isStale(madeBy);
    return { config, result: withMarks(result, { madeBy, ...(stale && { stale }) }), cached: false, madeBy, stale };
  };
  for (const config of configs) {
    const path = join(folder, `${configHash(config)}.json`);
    const entry = (await found(config, path)) ?? (await computed(config, path));
    if (entry === undefined) break;
    entries.push(entry);
    await onEntry?.(entry);
  }
  if (entries.length === configs.length) return entries;
  return entries.map(entry => ({ ...entry, result: withMarks(entry.result, { interrupted: true }) }));
};
