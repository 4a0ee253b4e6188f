import assert from 'node:assert/strict';
import { cp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { codeHash, codeHashes, sourcesHash } from '../../src/provenance';
import { temporaryFolder } from '../temporary-folder';

const SRC = join(__dirname, '..', '..', 'src');
const ENTRY = 'studies/training-curve.ts';

const root = temporaryFolder()('src');
let unchanged: string;

const hash = (entry = ENTRY): string => codeHashes(root).of(join(root, entry));

/** The hash with a file's text changed, which is put back. */
const hashWith = async (file: string, from: string | RegExp, to: string, entry = ENTRY): Promise<string> => {
  const path = join(root, file);
  const text = await readFile(path, 'utf8');
  const changed = text.replace(from, to);
  assert.notEqual(changed, text, `${file} has no ${String(from)}`);
  await writeFile(path, changed);
  try {
    return hash(entry);
  } finally {
    await writeFile(path, text);
  }
};

before(async () => {
  await cp(SRC, root, { recursive: true });
  unchanged = hash();
});

test('the same sources elsewhere have the same hash', () => {
  assert.match(unchanged, /^[0-9a-f]{16}$/);
  assert.equal(codeHash(join(SRC, ENTRY)), unchanged);
});

test('the hash of all sources is of their names and their texts', async () => {
  assert.equal(sourcesHash(root), sourcesHash(SRC));
  const [path, moved] = [join(root, 'training/ema.ts'), join(root, 'training/averages.ts')];
  const text = await readFile(path, 'utf8');
  await writeFile(path, `${text}// changed\n`);
  assert.notEqual(sourcesHash(root), sourcesHash(SRC));
  await writeFile(path, text);
  await rename(path, moved);
  assert.notEqual(sourcesHash(root), sourcesHash(SRC));
  await rename(moved, path);
  assert.equal(sourcesHash(root), sourcesHash(SRC));
});

test('a renamed file keeps the hash', async () => {
  await rename(join(root, 'training/ema.ts'), join(root, 'training/averages.ts'));
  const files = await readdir(join(root, 'training'));
  const before: [string, string][] = [];
  for (const file of files.filter(name => name.endsWith('.ts'))) {
    const path = join(root, 'training', file);
    const text = await readFile(path, 'utf8');
    if (!text.includes("'./ema'")) continue;
    before.push([path, text]);
    await writeFile(path, text.replaceAll("'./ema'", "'./averages'"));
  }
  try {
    assert.ok(before.length > 0);
    assert.equal(hash(), unchanged);
  } finally {
    for (const [path, text] of before) await writeFile(path, text);
    await rename(join(root, 'training/averages.ts'), join(root, 'training/ema.ts'));
  }
});

test('a changed loss changes the hash of what trains with it', async () => {
  assert.notEqual(await hashWith('losses/cosim.ts', '2 * coef - 1', '2 * coef - 2'), unchanged);
});

test('a worker that is started by its file name counts', async () => {
  const entry = 'metrics/root-trace.ts';
  assert.notEqual(
    await hashWith('metrics/root-trace-worker.ts', /$/, '\nexport const more = 1;\n', entry),
    hash(entry),
  );
});

test('comments, formatting, types and import lines do not count', async () => {
  assert.equal(await hashWith('losses/cosim.ts', /^/, '/* Another comment. */\n\n\n'), unchanged);
  assert.equal(await hashWith('losses/cosim.ts', /$/, '\nexport type Unused = { a: number };\n'), unchanged);
  assert.equal(await hashWith('training/ema.ts', /;\n/g, '  ;\n\n'), unchanged);
  assert.equal(await hashWith('studies/autosave.ts', /^/, "import { join } from 'node:path';\n"), unchanged);
});

test('rooms without numbers do not count', async () => {
  for (const file of ['command-line/main.ts', 'figures/table.ts', 'claims/verdicts.ts', 'notebook/display.ts'])
    assert.equal(await hashWith(file, /$/, '\nexport const more = 1;\n'), unchanged);
});

test('what is not imported does not count, though it lies in the same room', async () => {
  assert.equal(await hashWith('studies/sampling-times.ts', /$/, '\nexport const more = 1;\n'), unchanged);
  const other = hash('studies/sampling-times.ts');
  assert.notEqual(
    await hashWith('studies/sampling-times.ts', /$/, '\nexport const more = 1;\n', 'studies/sampling-times.ts'),
    other,
  );
});
