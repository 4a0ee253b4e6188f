/* A package that uses this one: a folder with `cosim` in its node_modules, and what a program there may import. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../temporary-folder';

export const root = join(__dirname, '..', '..');

/** What the package says of itself. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>;
  typesVersions: { '*': Record<string, string[]> };
};

/** The paths a program may import, by the name it gives them: `{ cosim: 'cosim', losses: 'cosim/losses', ... }`. */
export const paths: Record<string, string> = Object.fromEntries(
  Object.keys(manifest.exports)
    .filter(path => !path.endsWith('.json'))
    .map(path => (path === '.' ? ['cosim', 'cosim'] : [path.slice(2), `cosim/${path.slice(2)}`])),
);

/** A folder for the test that asks, with these files and the project as an installed package. */
export const consumer = (files: Record<string, string>): string => {
  const place = temporaryFolder();
  mkdirSync(place('node_modules'));
  symlinkSync(root, place('node_modules', 'cosim'), 'junction');
  symlinkSync(join(root, 'node_modules', '@types'), place('node_modules', '@types'), 'junction');
  symlinkSync(join(root, 'node_modules', '@tensorflow'), place('node_modules', '@tensorflow'), 'junction');
  for (const [name, text] of Object.entries(files)) writeFileSync(place(name), text);
  return place();
};

/** Runs Node in a folder; resolves to all that it printed, the exit code in front where it is not 0. */
export const node = (folder: string, ...args: string[]): Promise<string> =>
  new Promise(done => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      done(`${error ? `exit ${String(error.code)}\n` : ''}${stdout}${stderr}`),
    );
  });
