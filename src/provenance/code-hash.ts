import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ArgumentError } from '../compute/check';
import { type CodeHashes, codeHashes } from './code-hashes';

/** Of `src` or of `dist`, whichever this runs from. */
const ROOT = join(__dirname, '..');

/** Written by the build into dist/: hash by module, 'studies/sweep'. */
const CODE_HASH_FILE = 'code-hash.json';

/** Written by the build into dist/: `sourcesHash` of what it was built from. */
const SOURCES_FILE = 'sources.sha256';

type Hashes = Readonly<Record<string, string>>;

let built: Hashes | undefined;
let sources: CodeHashes | undefined;
const ofSources = new Map<string, string>(); // by file

const sourceFiles = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));

/**
 * Of every source file of a tree, its name and its text: 64 hexadecimal digits.
 * @param root absolute path of `src`
 */
export const sourcesHash = (root: string): string => {
  const hash = createHash('sha256');
  for (const name of sourceFiles(root).sort()) {
    const text = readFileSync(join(root, name));
    hash.update(`${name.split(sep).join('/')} ${text.length}\n`).update(text);
  }
  return hash.digest('hex');
};

const readHashes = (folder: string): Hashes => JSON.parse(readFileSync(join(folder, CODE_HASH_FILE), 'utf8')) as Hashes;

const moduleName = (file: string): string =>
  relative(ROOT, file)
    .split(sep)
    .join('/')
    .replace(/\.[jt]s$/, '');

/** Run from `src`: the hashes of the last build where it was of these very sources, for to parse them takes seconds. */
const builtFromSources = (): Hashes => {
  const dist = join(ROOT, '..', 'dist');
  try {
    return readFileSync(join(dist, SOURCES_FILE), 'utf8').trim() === sourcesHash(ROOT) ? readHashes(dist) : {};
  } catch {
    return {};
  }
};

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
    built ??= builtFromSources();
    const hash = ofSources.get(file) ?? built[moduleName(file)] ?? (sources ??= codeHashes(ROOT)).of(file);
    ofSources.set(file, hash);
    return hash;
  }
  built ??= readHashes(ROOT);
  const hash = built[moduleName(file)];
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
    built ??= readHashes(ROOT);
    return new Set(Object.values(built));
  }
  return new Set(sourceFiles(ROOT).map(name => codeHash(join(ROOT, name))));
};
