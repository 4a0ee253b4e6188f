import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../src/experiments';
import { provenance } from '../../src/figures';
import { notebooksFolder } from '../project';
import { replaceFile } from './notebook-file';

/** How long a notebook took with a preset, and how long the results took that it found in its cache. */
export type NotebookTime = { seconds: number; cachedSeconds: number; cpu: string; cores: number; commit: string };

/** By notebook and preset. */
export type NotebookTimes = Record<string, Record<string, NotebookTime>>;

const FILE = join(notebooksFolder, 'times.json');

type Stored = { seconds?: number; result: { seconds?: number }[] };

/** Seconds that the cached results of a notebook took; of one that tells no time, its training. */
const secondsInCache = (folder: string): number => {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder).filter(name => name.endsWith('.json'));
  return files.reduce((sum, name) => {
    const { seconds, result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Stored;
    const trained = Array.isArray(result) ? Math.max(0, ...result.map(point => point.seconds ?? 0)) : 0;
    return sum + (seconds ?? trained);
  }, 0);
};

export const readTimes = (): NotebookTimes =>
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as NotebookTimes) : {};

/** Keeps the time of one run in notebooks/times.json. */
export const recordTime = (name: string, preset: string, seconds: number): void => {
  const { commit } = provenance({ preset, seeds: [] });
  const [{ model }] = cpus();
  const cachedSeconds = Math.round(secondsInCache(cacheFolder(name, preset)));
  const time = { seconds: Math.round(seconds), cachedSeconds, cpu: model, cores: cpus().length, commit };
  const times = readTimes();
  const all = { ...times, [name]: { ...times[name], [preset]: time } };
  replaceFile(FILE, `${JSON.stringify(Object.fromEntries(Object.entries(all).sort()), null, 1)}\n`);
};
