import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ArgumentError } from '../compute/check';
import { type CodeHashes, codeHashes } from './code-hashes';

/** Of `src` or of `dist`, whichever this runs from. */
const ROOT = join(__dirname, '..');

/** Written by the build into dist/: hash by module, 'studies/sweep'. */
export const CODE_HASH_FILE = 'code-hash.json';

let built: Readonly<Record<string, string>> | undefined;
let sources: CodeHashes | undefined;

/**
 * The hash of all code that a module runs to compute its results, 16 hexadecimal digits; the same from `src` and from
 * `dist`. `codeHashes` says what counts.
 * @param file the module's `__filename`
 * @throws ArgumentError for a file that the build did not hash
 * @example
 * const madeBy = { code: codeHash(__filename) };
 */
export const codeHash = (file: string): string => {
  if (file.endsWith('.ts')) return (sources ??= codeHashes(ROOT)).of(file);
  built ??= JSON.parse(readFileSync(join(ROOT, CODE_HASH_FILE), 'utf8')) as Record<string, string>;
  const name = relative(ROOT, file).split(sep).join('/').replace(/\.js$/, '');
  const hash = built[name];
  if (hash === undefined)
    throw new ArgumentError(`codeHash: file must be a module of cosim (its __filename), got '${file}'`);
  return hash;
};

let today: ReadonlySet<string> | undefined;

/** The hashes of all modules as they are now: a result whose hash is none of them was computed by other code. */
export const codeHashesOfToday = (): ReadonlySet<string> => {
  if (today !== undefined) return today;
  if (!__filename.endsWith('.ts')) {
    built ??= JSON.parse(readFileSync(join(ROOT, CODE_HASH_FILE), 'utf8')) as Record<string, string>;
    return (today = new Set(Object.values(built)));
  }
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  return (today = new Set(files.map(name => codeHash(join(ROOT, name)))));
};
