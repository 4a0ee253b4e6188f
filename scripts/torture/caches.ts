// Damaged caches: what is kept is found whole or computed again, to the same numbers, never believed as it is.
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { selectBackend } from '../../src/compute/backend';
import { randomSource } from '../../src/compute/noise';
import { CACHE_KINDS, type CacheKind } from './cache-kinds';
import { mutate } from './mutate';
import { saveCounts } from './torture-file';

/** Counts of one kind of cache; `named`: trials in which a warning said what was set aside. */
export type CacheCounts = { kind: string; attempted: number; held: number; named: number; failures: string[] };

type Damage = { name: string; apply: (path: string, random: ReturnType<typeof randomSource>) => Promise<void> };

const rewritten = (
  name: string,
  change: (good: Buffer, random: ReturnType<typeof randomSource>) => Buffer | string,
): Damage => ({
  name,
  apply: async (path, random) => writeFile(path, change(await readFile(path), random)),
});

/** JSON of before there were checksums: the content alone. */
const older = (good: Buffer): string => {
  try {
    const { content, depends } = JSON.parse(good.toString()) as { content?: object; depends?: unknown };
    return JSON.stringify({ config: depends, ...content });
  } catch {
    return good.toString('latin1'); // tensors: no longer what they were
  }
};

/** Another digit in the last number that there is. */
const otherDigit = (good: Buffer): Buffer => {
  const bytes = Buffer.from(good);
  let at = bytes.length - 1;
  while (at >= 0 && (bytes[at] < 0x31 || bytes[at] > 0x38)) at--;
  if (at >= 0) bytes[at]++;
  return bytes;
};

const DAMAGES: readonly Damage[] = [
  rewritten('emptied', () => ''),
  rewritten('{}', () => '{}'),
  rewritten('text', () => 'not what it was\n'),
  rewritten('half', good => good.subarray(0, good.length >> 1)),
  rewritten('last byte gone', good => good.subarray(0, -1)),
  rewritten('another digit', otherDigit),
  rewritten('a bit flipped', (good, random) => {
    const bytes = Buffer.from(good);
    bytes[random.integer(bytes.length)] ^= 1 << random.integer(8);
    return bytes;
  }),
  rewritten('an older format', older),
  { name: 'removed', apply: path => rm(path) },
  {
    name: 'a folder in its place',
    apply: async path => {
      await rm(path);
      await mkdir(path);
    },
  },
  {
    name: 'a link to nothing',
    apply: async path => {
      await rm(path);
      await symlink(`${path}.nowhere`, path);
    },
  },
];

/** The first trials take the damages in turn, the later ones mutate at random. */
const damageOf = (index: number, files: number): Damage =>
  index < files * DAMAGES.length ? DAMAGES[Math.floor(index / files)] : rewritten('mutated', mutate);

const filesOf = async (folder: string): Promise<string[]> => {
  const names = (await readdir(folder, { recursive: true })).sort();
  const plain: string[] = [];
  for (const name of names) if ((await lstat(join(folder, name))).isFile()) plain.push(name);
  return plain;
};

/** Damages the caches of a kind `n` times, one file each; the same index is the same damage. */
export const damageCache = async (kind: string, n: number): Promise<CacheCounts> => {
  const { fill, use }: CacheKind = CACHE_KINDS[kind];
  const counts: CacheCounts = { kind, attempted: 0, held: 0, named: 0, failures: [] };
  const place = await mkdtemp(join(tmpdir(), 'cosim-torture-'));
  let warnings = 0;
  const count = (): void => void warnings++;
  process.on('warning', count);
  try {
    const [good, copy, fresh] = ['good', 'copy', 'fresh'].map(name => join(place, name));
    for (const folder of [good, fresh]) await mkdir(folder);
    const expected = await use(fresh);
    await fill(good);
    const files = await filesOf(good);
    for (let index = 0; index < n; index++) {
      await cp(good, copy, { recursive: true });
      const file = files[index % files.length];
      const damage = damageOf(index, files.length);
      await damage.apply(join(copy, file), randomSource({ seed: index, stream: `torture/${kind}` }));
      counts.attempted++;
      const before = warnings;
      const said = `${kind} ${index}, ${file} ${damage.name}`;
      try {
        const found = await use(copy);
        await new Promise(resolve => setImmediate(resolve)); // warnings come behind
        if (warnings > before) counts.named++;
        if (found === expected) counts.held++;
        else counts.failures.push(`${said}: believed, other numbers came`);
      } catch (error) {
        counts.failures.push(`${said}: ${String(error).slice(0, 200)}`);
      }
      await rm(copy, { recursive: true, force: true });
    }
  } finally {
    process.off('warning', count);
    await rm(place, { recursive: true, force: true });
  }
  return counts;
};

/** `npm run torture -- caches [--n 500] [--kind NAME]`: true where all held. */
export const tortureCaches = async (args: string[]): Promise<boolean> => {
  const { values } = parseArgs({ args, options: { n: { type: 'string', default: '500' }, kind: { type: 'string' } } });
  const kinds = Object.keys(CACHE_KINDS).filter(kind => values.kind === undefined || kind === values.kind);
  const each = Math.ceil(Number(values.n) / kinds.length);
  if (!(each >= 1))
    throw new Error(`--n must be at least 1, got '${values.n}'; kinds: ${Object.keys(CACHE_KINDS).join(', ')}`);
  await selectBackend({ backend: 'wasm' });
  process.removeAllListeners('warning'); // a line for each of hundreds: they are counted instead
  const row = (...cells: (string | number)[]): string =>
    `${String(cells[0]).padEnd(18)}${cells
      .slice(1)
      .map(cell => String(cell).padStart(10))
      .join('')}`;
  console.log(row('kind', 'attempted', 'held', 'named', 'failed'));
  const all: CacheCounts[] = [];
  for (const kind of kinds) {
    const counts = await damageCache(kind, each);
    all.push(counts);
    console.log(row(kind, counts.attempted, counts.held, counts.named, counts.failures.length));
  }
  const sum = (key: 'attempted' | 'held' | 'named'): number => all.reduce((total, counts) => total + counts[key], 0);
  const failures = all.flatMap(({ failures: own }) => own);
  console.log(row('all', sum('attempted'), sum('held'), sum('named'), failures.length));
  for (const failure of failures.slice(0, 50)) console.log(failure);
  if (values.kind === undefined) await saveCounts('caches', args, all, ({ kind }) => kind);
  return failures.length === 0;
};
