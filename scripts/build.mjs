// Builds dist/ and links node_modules/cosim to the project, so that `import * as cosim from 'cosim'` works in cells,
// and node_modules/.bin/cosim to the command line, so that `npx cosim` does.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
const stamp = join(root, 'dist', '.built');
const link = join(root, 'node_modules', 'cosim');
const program = join(root, 'dist', 'command-line', 'main.js');
const command = join(root, 'node_modules', '.bin', 'cosim'); // on Windows `npx cosim` finds the program through package.json

const modified = path => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** True when nothing that dist/ is made from (folders too: a file may have gone) is newer than the last build. */
export const isBuilt = () => {
  const inputs = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src'].map(name => join(root, name));
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map(name => join(root, 'src', name));
  const built = modified(stamp);
  return [...inputs, ...sources].every(path => modified(path) < built) && isLinked();
};

const isLinked = () => {
  try {
    const runs = process.platform === 'win32' || realpathSync(command) === realpathSync(program);
    return runs && realpathSync(link) === realpathSync(root);
  } catch {
    return false;
  }
};

/**
 * Writes what results say of the code that computed them: the hash of each module that may compute one, and the commit,
 * for where there is no git.
 */
const writeCodeHashes = () => {
  const source = join(root, 'src');
  const { codeHashes, commitHash, sourcesHash } = createRequire(import.meta.url)(
    join(root, 'dist', 'provenance', 'index.js'),
  );
  const hashes = codeHashes(source);
  const files = readdirSync(source, { recursive: true }).filter(name => name.endsWith('.ts'));
  const lines = files
    .map(name => [name.replaceAll('\\', '/').replace(/\.ts$/, ''), hashes.of(join(source, name))])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(join(root, 'dist', 'commit'), `${commitHash()}\n`);
  writeFileSync(join(root, 'dist', 'code-hash.json'), `${JSON.stringify(Object.fromEntries(lines), null, 1)}\n`);
  writeFileSync(join(root, 'dist', 'sources.sha256'), `${sourcesHash(source)}\n`);
};

/** Removes from dist/ what was compiled from sources that have since moved or gone. */
const removeStale = () => {
  for (const name of readdirSync(join(root, 'dist'), { recursive: true })) {
    const source = name.replace(/\.(js|js\.map|d\.ts)$/, '.ts');
    if (source !== name && !existsSync(join(root, 'src', source))) rmSync(join(root, 'dist', name));
  }
};

/**
 * Compiles src/ to dist/ and makes the links. Files are written even where the compiler reports an error (it prints them).
 * @returns whether there was none.
 */
export const build = () => {
  const started = new Date();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  if (!isLinked()) {
    rmSync(link, { recursive: true, force: true });
    // Relative, so that a copied clone runs its own code; Windows' junctions, which need no special right, are absolute.
    symlinkSync(process.platform === 'win32' ? root : '..', link, 'junction');
    if (process.platform !== 'win32') {
      rmSync(command, { force: true });
      symlinkSync(join('..', '..', 'dist', 'command-line', 'main.js'), command);
    }
  }
  removeStale();
  if (status !== 0) return false;
  writeCodeHashes();
  chmodSync(program, 0o755);
  writeFileSync(stamp, '');
  utimesSync(stamp, started, started); // a source saved while the compiler ran counts as newer
  return true;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = build() ? 0 : 1;
