import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { runCommandLine } from '../../src/command-line';

/** What a command said and how it ended. */
export type Result = { code: number; out: string; err: string };

/** Runs the command line within this process. */
export const cosim = async (...args: string[]): Promise<Result> => {
  const said = { out: '', err: '' };
  const code = await runCommandLine(args, {
    out: text => (said.out += text),
    err: text => (said.err += text),
    live: false,
  });
  return { code, ...said };
};

/** A folder of its own for the tests of a file, removed after them; gives paths in it. */
export const temporaryFolder = (): ((name: string) => string) => {
  const folder = mkdtempSync(join(tmpdir(), 'cosim-'));
  after(() => rmSync(folder, { recursive: true }));
  return name => join(folder, name);
};
