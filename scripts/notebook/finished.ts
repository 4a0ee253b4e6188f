// What `npm start` and `npm run reproduce` have finished, so that the same command goes on where it was stopped.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jupyterFolder, root } from '../project';
import { codeCells, joinText, readNotebook, replaceFile } from './notebook-file';
import { paramsText } from './replaced-params';

/** By preset and notebook: what was run, and what came of it. */
type Finished = Record<string, { ran: string; wrote: string }>;

const FILE = join(jupyterFolder, 'finished.json');
const CODE_HASHES = join(root, 'dist', 'code-hash.json');

const hash = (...parts: string[]): string => createHash('sha256').update(parts.join('\0')).digest('hex');

/** Of the cells, the library's code and the replaced parameters: what a run depends on. */
const hashOfRun = (path: string): string => {
  const cells = codeCells(readNotebook(path)).map(({ cell }) => joinText(cell.source));
  return hash(...cells, readFileSync(CODE_HASHES, 'utf8'), paramsText(process.env.COSIM_PARAMS ?? ''));
};

const read = (): Finished => (existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Finished) : {});

/** Whether a notebook was run with this preset by this very code, and `written`, what that run wrote, is still there. */
export const isFinished = (path: string, preset: string, written: string): boolean => {
  const entry = read()[`${preset} ${path}`] as Finished[string] | undefined;
  if (!entry || !existsSync(written)) return false;
  return entry.ran === hashOfRun(path) && entry.wrote === hash(readFileSync(written, 'utf8'));
};

/** Remembers that a notebook was run to its end and written to `written`. */
export const rememberFinished = (path: string, preset: string, written: string): void => {
  const entry = { ran: hashOfRun(path), wrote: hash(readFileSync(written, 'utf8')) };
  mkdirSync(dirname(FILE), { recursive: true });
  replaceFile(FILE, `${JSON.stringify({ ...read(), [`${preset} ${path}`]: entry }, null, 1)}\n`);
};
