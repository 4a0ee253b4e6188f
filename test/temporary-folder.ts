/* Folders of the tests' own, removed however the tests end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'cosim-test-'));
const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/**
 * A folder of its own, removed after the test, the suite or the file that asks for it; one that a `before` or `beforeEach`
 * asks for would be gone when the hook ends.
 * @returns paths in it by their parts; without any, the folder
 */
export const temporaryFolder = (): ((...names: string[]) => string) => {
  const folder = makeFolder();
  after(() => removeFolder(folder));
  return (...names) => join(folder, ...names);
};

/** Runs `use` with a folder that is removed afterwards, for loops and for what is shorter than a test. */
export const withFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = makeFolder();
  try {
    await use(folder);
  } finally {
    removeFolder(folder);
  }
};
