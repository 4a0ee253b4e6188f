/* The runs under a folder: what they are, how far they came, what was measured of them. */
import { type Dirent, existsSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, newestFolder } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import { loadResults } from '../evaluation';
import type { MetricResult } from '../metrics';
import { describeRun, type RunDescription } from '../training';
import { METRICS } from './distill-metrics';

/** One run that was found. */
export type ListedRun = RunDescription & {
  /** Of the last images that were measured, by number of steps. */
  measured: { images: number; steps: number; results: readonly MetricResult[] }[];
};

/** A folder that looks like a run's and cannot be read. */
export type UnreadableRun = { dir: string; problem: string };

const MEASURED = /^(\d+)-(\d+)-steps\.json$/;

/** What `distillRun` measured in a run's folder; nothing where it did not. */
const measuredIn = async (run: string): Promise<ListedRun['measured']> => {
  const dir = join(run, METRICS);
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.flatMap(name => {
    const [, images, steps] = MEASURED.exec(name) ?? [];
    return images === undefined ? [] : [{ file: join(dir, name), images: Number(images), steps: Number(steps) }];
  });
  const last = Math.max(...files.map(({ images }) => images));
  const found: ListedRun['measured'] = [];
  for (const { file, images, steps } of files.filter(one => one.images === last).sort((a, b) => a.steps - b.steps))
    found.push({ images, steps, results: (await loadResults(file)).results });
  return found;
};

/** What is wrong with a folder is said of that folder; the others are listed. */
const listed = async (dir: string): Promise<ListedRun | UnreadableRun> => {
  try {
    return { ...(await describeRun(dir)), measured: await measuredIn(dir) };
  } catch (error) {
    if (!(error instanceof CheckpointError || error instanceof ArgumentError)) throw error;
    return { dir, problem: error.message };
  }
};

const DEEPEST = 4;

/** Whether a link leads to a folder that can be read. */
const leadsToFolder = (link: string): Promise<boolean> =>
  readdir(link).then(
    () => true,
    () => false,
  );

/** Folders in a folder, and links to some, by name; what is hidden, or a package's, is passed over. */
const foldersIn = async (dir: string): Promise<string[]> => {
  const isThere = ({ name }: Dirent): boolean => !name.startsWith('.') && name !== 'node_modules';
  const entries = (await readdir(dir, { withFileTypes: true })).filter(isThere);
  const isFolder = async (entry: Dirent): Promise<boolean> =>
    entry.isSymbolicLink() ? leadsToFolder(join(dir, entry.name)) : entry.isDirectory();
  const found = await Promise.all(entries.map(isFolder));
  return entries.flatMap(({ name }, i) => (found[i] ? [name] : [])).sort();
};

/** Whether a folder is a run's: its newest numbered folder is a checkpoint, be it a damaged one, and no folder of runs. */
const isRun = async (dir: string): Promise<boolean> => {
  const newest = await newestFolder(dir);
  return newest !== undefined && (existsSync(join(newest, 'run.json')) || (await foldersIn(newest)).length === 0);
};

/**
 * All runs in a folder and up to four folders below it, by path; folders whose names begin with a dot are passed over, links
 * to folders are followed, each folder is looked at once.
 * @throws Node's error for a folder that cannot be read
 */
export const listRuns = async (dir: string, depth = DEEPEST): Promise<(ListedRun | UnreadableRun)[]> => {
  const seen = new Set<string>(); // where the folders really are, whatever link leads there
  const below = async (folder: string, deep: number): Promise<(ListedRun | UnreadableRun)[]> => {
    const place = await realpath(folder);
    if (seen.has(place)) return [];
    seen.add(place);
    if (await isRun(folder)) return [await listed(folder)];
    if (deep === depth) return [];
    const found: (ListedRun | UnreadableRun)[] = [];
    for (const name of await foldersIn(folder)) found.push(...(await below(join(folder, name), deep + 1)));
    return found;
  };
  return below(dir, 0);
};
