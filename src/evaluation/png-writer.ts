import type { Images } from '../compute/host-arrays';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commitFolder } from '../checkpoints';
import type { ImageWriter } from './feature-store';

const nameOf = (seed: number): string => String(seed).padStart(6, '0');

const writePng = async (path: string, { data, h, w, c }: Images, i: number): Promise<void> => {
  const { default: sharp } = await import('sharp');
  const pixels = data.subarray(i * h * w * c, (i + 1) * h * w * c);
  const image = sharp(pixels, { raw: { width: w, height: h, channels: c === 1 ? 1 : 3 } });
  await image
    .toColourspace(c === 1 ? 'b-w' : 'srgb')
    .png()
    .toFile(path);
};

/** Beside the images of a chunk: what they depend on, as JSON. Readers of pictures pass over hidden files. */
const SOURCE = '.source.json';

type Chunk = { seeds: number[]; source: string | undefined };

/**
 * A chunk that is there: its seeds, and its source if it is said. Nothing where the folder is none: it holds other files, or,
 * without a source, is not named after the first of seeds without a gap, as older versions wrote them.
 */
const chunkIn = async (dir: string, name: string): Promise<Chunk | undefined> => {
  const names = (await readdir(join(dir, name)).catch(() => [])).filter(one => one !== SOURCE);
  if (names.length === 0 || !names.every(one => /^\d{6,}\.png$/.test(one))) return undefined;
  const seeds = names.map(one => parseInt(one)).sort((a, b) => a - b);
  const source = await readFile(join(dir, name, SOURCE), 'utf8').catch(() => undefined);
  const isWhole = name === nameOf(seeds[0]) && seeds.every((seed, i) => seed === seeds[0] + i);
  return source !== undefined || isWhole ? { seeds, source } : undefined;
};

/** The chunks in a folder, by name. */
const chunksIn = async (dir: string): Promise<Map<string, Chunk>> => {
  const chunks = new Map<string, Chunk>();
  for (const name of (await readdir(dir)).filter(one => /^\d{6,}$/.test(one))) {
    const found = await chunkIn(dir, name);
    if (found) chunks.set(name, found);
  }
  return chunks;
};

/** Removes chunks that hold images of the seeds of `name` again, as those of another size do, or of another source. */
const removeOthers = async (dir: string, name: string, chunks: Map<string, Chunk>): Promise<void> => {
  const { seeds, source } = chunks.get(name)!;
  const [first, last] = [seeds[0], seeds[seeds.length - 1]];
  for (const [one, other] of [...chunks].filter(([place]) => place !== name)) {
    const isOther = other.source !== undefined && other.source !== source;
    if (!isOther && !other.seeds.some(seed => seed >= first && seed <= last)) continue;
    await rm(join(dir, one), { recursive: true, force: true });
    chunks.delete(one);
  }
};

/**
 * Keeps images of one source as PNG, `DIR/FIRST/SEED.png`, six digits each: a folder for each chunk, named after its first
 * seed, which is there complete or not at all. The names sort by seed. Images that were kept there of another source, and
 * chunks of another size, are replaced; other folders stay.
 */
export const pngWriter = (dir: string): ImageWriter => {
  let chunks: Map<string, Chunk> | undefined; // looked for once
  return {
    has: async (first, n, source) => {
      const found = await chunkIn(dir, nameOf(first));
      return (
        found?.seeds.length === n && found.seeds[n - 1] === first + n - 1 && found.source === JSON.stringify(source)
      );
    },
    add: async (first, images, source) => {
      const name = nameOf(first);
      const identity = JSON.stringify(source);
      const seeds = Array.from({ length: images.n }, (_, i) => first + i);
      await commitFolder(dir, name, async folder => {
        for (const [i, seed] of seeds.entries()) await writePng(join(folder, `${nameOf(seed)}.png`), images, i);
        await writeFile(join(folder, SOURCE), identity);
      });
      chunks ??= await chunksIn(dir);
      chunks.set(name, { seeds, source: identity });
      await removeOthers(dir, name, chunks);
    },
  };
};
