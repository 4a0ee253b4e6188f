import type { Images } from '../compute/host-arrays';
import { readdir } from 'node:fs/promises';
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

/**
 * Keeps images as PNG, `DIR/FIRST/SEED.png`, six digits each: a folder for each chunk, named after its first seed, which
 * is there complete or not at all. The names sort by seed.
 */
export const pngWriter = (dir: string): ImageWriter => ({
  has: async (first, n) => {
    const kept = new Set(await readdir(join(dir, nameOf(first))).catch(() => []));
    return kept.size === n && kept.has(`${nameOf(first + n - 1)}.png`);
  },
  add: async (first, images) => {
    await commitFolder(dir, nameOf(first), async folder => {
      for (let i = 0; i < images.n; i++) await writePng(join(folder, `${nameOf(first + i)}.png`), images, i);
    });
  },
});
