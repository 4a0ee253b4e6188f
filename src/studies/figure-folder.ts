import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Figure, type Picture, provenance, saveFigure } from '../figures';

/** Relative to the working folder: a notebook that shows the path of a figure shows no path of the machine. */
const root = (): string => relative(process.cwd(), join(__dirname, '..', '..', 'figures'));

/** Where figures of a preset go: `figures/` for `laptop`, `figures/<preset>/` for the others. */
export const figureFolder = (preset: string): string => (preset === 'laptop' ? root() : join(root(), preset));

/** Folder of cached results of one notebook. */
export const cacheFolder = (notebook: string, preset: string): string => join(figureFolder(preset), notebook, 'cache');

/** Writes a notebook's figure with the numbers behind it; `name` as `02_quality_per_nfe`. */
export const keepFigure = async (
  name: string,
  picture: Picture,
  numbers: unknown,
  made: { preset: string; seeds: readonly number[] } & Record<string, unknown>,
): Promise<Figure> => {
  const folder = figureFolder(made.preset);
  await mkdir(folder, { recursive: true });
  return saveFigure(join(folder, name), picture, numbers, provenance(made));
};
