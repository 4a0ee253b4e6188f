import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { provenance } from '../../src/figures';
import type { MadeBy } from '../../src/provenance';
import { cacheFolder } from '../../src/studies';
import { notebooksFolder } from '../project';
import { replaceFile } from './notebook-file';

/** How long a notebook took with a preset, and how long the results took that it found in its cache. */
export type NotebookTime = { seconds: number; cachedSeconds: number; cpu: string; cores: number; commit: string };

/** By notebook and preset. */
export type NotebookTimes = Record<string, Record<string, NotebookTime>>;

/** The name under which the time of the shared generators is kept, and their folder. */
export const GENERATORS = 'generators';

const FILE = join(notebooksFolder, 'times.json');

type Kept = { content?: { madeBy?: readonly Pick<MadeBy, 'seconds'>[] } };

/** Seconds that results took, without parts that were there before, which were in a cache before the moment `began` (ms). */
export const secondsInCache = (folder: string, began: number): number => {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder).filter(
    name => name.endsWith('.json') && statSync(join(folder, name)).mtimeMs < began,
  );
  return files.reduce((sum, name) => {
    const { content } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Kept;
    return sum + (content?.madeBy?.at(-1)?.seconds ?? 0); // what made the parts stands before what made the result
  }, 0);
};

/** Seconds that the generators took which notebooks leave for each other, from their runs' histories. */
const secondsOfGenerators = (folder: string): number => {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => {
    const newest = readdirSync(join(folder, name))
      .filter(entry => /^\d+$/.test(entry))
      .sort()
      .at(-1);
    if (newest === undefined) return sum;
    const lines = readFileSync(join(folder, name, newest, 'history.jsonl'), 'utf8')
      .split('\n')
      .filter(Boolean);
    return lines.reduce((total, line) => total + (JSON.parse(line) as { seconds: number }).seconds, sum);
  }, 0);
};

export const readTimes = (): NotebookTimes =>
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as NotebookTimes) : {};

/** Seconds that a notebook takes with a preset and an empty cache, as measured; nothing where it was not. */
export const expectedSeconds = (name: string, preset: string): number | undefined => {
  const time = readTimes()[name]?.[preset] as NotebookTime | undefined;
  return time && time.seconds + time.cachedSeconds;
};

/** Keeps the time of one run, which began at a moment (ms), in notebooks/times.json. */
export const recordTime = (
  name: string,
  preset: string,
  { seconds, began }: { seconds: number; began: number },
): void => {
  const { commit } = provenance({ preset, seeds: [] });
  const [{ model }] = cpus();
  const cachedSeconds = Math.round(secondsInCache(cacheFolder(name, preset), began));
  const time = { seconds: Math.round(seconds), cachedSeconds, cpu: model, cores: cpus().length, commit };
  const times = readTimes();
  const shared = Math.round(secondsOfGenerators(cacheFolder(GENERATORS, preset)));
  const generators = {
    ...times[GENERATORS],
    ...(shared > 0 && { [preset]: { ...time, seconds: shared, cachedSeconds: 0 } }),
  };
  const all = { ...times, [GENERATORS]: generators, [name]: { ...times[name], [preset]: time } };
  replaceFile(FILE, `${JSON.stringify(Object.fromEntries(Object.entries(all).sort()), null, 1)}\n`);
};
