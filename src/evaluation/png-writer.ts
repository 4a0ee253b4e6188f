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

/** A chunk that is there: its seeds, and its source if it is said; nothing where the folder holds other files. */
const chunkIn = async (folder: string): Promise<{ seeds: number[]; source: string | undefined } | undefined> => {
  const names = (await readdir(folder).catch(() => [])).filter(name => name !== SOURCE);
  if (names.length === 0 || !names.every(name => /^\d{6,}\.png$/.test(name))) return undefined;
  const source = await readFile(join(folder, SOURCE), 'utf8').catch(() => undefined); // older versions wrote none
  return { seeds: names.map(name => parseInt(name)), source };
};

/** Removes chunks that hold images of these seeds again, as those of another size do, or of another source. */
const removeOthers = async (dir: string, first: number, n: number, source: string): Promise<void> => {
  for (const name of (await readdir(dir)).filter(name => /^\d{6,}$/.test(name) && name !== nameOf(first))) {
    const found = await chunkIn(join(dir, name));
    const other = found?.source !== undefined && found.source !== source;
    if (other || found?.seeds.some(seed => seed >= first && seed < first + n))
      await rm(join(dir, name), { recursive: true, force: true });
  }
};

/**
 * Keeps images of one source as PNG, `DIR/FIRST/SEED.png`, six digits each: a folder for each chunk, named after its first
 * seed, which is there complete or not at all. The names sort by seed. Images that were kept there of another source, and
 * chunks of another size, are replaced.
 */
export const pngWriter = (dir: string): ImageWriter => ({
  has: async (first, n, source) => {
    const found = await chunkIn(join(dir, nameOf(first)));
    return found?.seeds.length === n && found.seeds.includes(first + n - 1) && found.source === JSON.stringify(source);
  },
  add: async (first, images, source) => {
    const identity = JSON.stringify(source);
    await commitFolder(dir, nameOf(first), async folder => {
      for (let i = 0; i < images.n; i++) await writePng(join(folder, `${nameOf(first + i)}.png`), images, i);
      await writeFile(join(folder, SOURCE), identity);
    });
    await removeOthers(dir, first, images.n, identity);
  },
});
