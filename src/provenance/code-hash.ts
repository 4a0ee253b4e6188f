import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ArgumentError } from '../compute/check';
import { type CodeHashes, codeHashes } from './code-hashes';

/** Of `src` or of `dist`, whichever this runs from. */
const ROOT = join(__dirname, '..');

/** Written by the build into dist/: hash by module, 'studies/sweep'. */
const CODE_HASH_FILE = 'code-hash.json';

let built: Readonly<Record<string, string>> | undefined;
let sources: CodeHashes | undefined;
const ofSources = new Map<string, string>(); // by file

/**
 * The hash of all code that a module runs to compute its results, 16 hexadecimal digits; the same from `src` and from
 * `dist`. `codeHashes` says what counts.
 * @param file the module's `__filename`
 * @throws ArgumentError for a file that the build did not hash
 * @example
 * const madeBy = { code: codeHash(__filename) };
 */
export const codeHash = (file: string): string => {
  if (file.endsWith('.ts')) {
    const hash = ofSources.get(file) ?? (sources ??= codeHashes(ROOT)).of(file);
    ofSources.set(file, hash);
    return hash;
  }
  built ??= JSON.parse(readFileSync(join(ROOT, CODE_HASH_FILE), 'utf8')) as Record<string, string>;
  const name = relative(ROOT, file).split(sep).join('/').replace(/\.js$/, '');
  const hash = built[name];
  if (hash === undefined)
    throw new ArgumentError(`codeHash: file must be a module of cosim (its __filename), got '${file}'`);
  return hash;
};

let today: ReadonlySet<string> | undefined;

/**
 * Whether any module has this hash as it is now: a result whose hash none has was computed by other code.
 * @param hash as `codeHash` gave it
 */
export const isCodeOfToday = (hash: string): boolean => {
  if ([...ofSources.values()].includes(hash)) return true; // without reading the whole tree
  return (today ??= hashesOfToday()).has(hash);
};

const hashesOfToday = (): ReadonlySet<string> => {
  if (!__filename.endsWith('.ts')) {
    built ??= JSON.parse(readFileSync(join(ROOT, CODE_HASH_FILE), 'utf8')) as Record<string, string>;
    return new Set(Object.values(built));
  }
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  return new Set(files.map(name => codeHash(join(ROOT, name))));
};
