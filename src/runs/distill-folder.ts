/* The folder of a long run: whose it is, so that the same command goes on and another one is refused. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder, newestFolder, writeFileAtomic } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import { differingLeaves } from './run-differences';

const FORMAT = 'cosim-distill-1';
const FILE = 'distill.json';

const stored = z.looseObject({ format: z.literal(FORMAT) });

/** All that the numbers of a run depend on, as JSON. */
export type RunIdentity = Readonly<Record<string, unknown>>;

/** What of it is otherwise: `run.batch is 64 there, 32 here`. */
const differences = (there: RunIdentity, here: RunIdentity): string[] =>
  differingLeaves(there, here).map(
    ([path, before, now]) => `${path} is ${before ?? 'not set'} there, ${now ?? 'not set'} here`,
  );

const readIdentity = async (path: string): Promise<RunIdentity> => {
  try {
    const { data } = stored.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (data) return Object.fromEntries(Object.entries(data).filter(([name]) => name !== 'format'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ArgumentError(`${path}: damaged, or of another version`);
};

/**
 * Whether a folder can take a run: it is absent or empty ('new'), or holds this very run ('begun' with a checkpoint to go
 * on from).
 * @throws ArgumentError for a folder with other things, and for another run, with what differs
 */
export const checkRunFolder = async (dir: string, identity: RunIdentity): Promise<'new' | 'begun'> => {
  const names = existsSync(dir) ? (await readdir(dir)).filter(name => !name.startsWith('.')) : [];
  if (names.length === 0) return 'new';
  const path = join(dir, FILE);
  if (!names.includes(FILE))
    throw new ArgumentError(`${dir} is not empty and holds no run that was started so; choose another folder`);
  const other = differences(await readIdentity(path), identity);
  if (other.length > 0)
    throw new ArgumentError(`${dir} holds another run: ${other.join('; ')}. Choose another folder, or the same values`);
  return (await newestFolder(dir)) === undefined ? 'new' : 'begun';
};

/** Makes a folder this run's. */
export const claimRunFolder = async (dir: string, identity: RunIdentity): Promise<void> => {
  await makeFolder(dir);
  await writeFileAtomic(join(dir, FILE), `${JSON.stringify({ format: FORMAT, ...identity }, null, 1)}\n`);
};
