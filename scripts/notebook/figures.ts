import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../project';

/** Where the figures of a preset go, as `figureFolder` of src/studies has it. */
const folderOf = (preset: string): string => join(root, 'figures', preset === 'laptop' ? '' : preset);

const ifThere = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // replaced or removed just now
    throw error;
  }
};

/** Paths of the pictures in a folder and the folders in it, apart from caches: what lies there comes and goes. */
export const picturesIn = (folder: string): string[] =>
  (ifThere(() => readdirSync(folder, { withFileTypes: true })) ?? []).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'cache' ? [] : picturesIn(path);
    return entry.isFile() && entry.name.endsWith('.png') ? [path] : [];
  });

/** A function that gives, at each call, the paths (from the project's folder) of figures written since the last one. */
export const newFigures = (preset: string): (() => string[]) => {
  const seen = new Map<string, number>();
  const written = (): string[] =>
    picturesIn(folderOf(preset))
      .filter(path => {
        const mtimeMs = ifThere(() => statSync(path))?.mtimeMs;
        const isNew = mtimeMs !== undefined && seen.get(path) !== mtimeMs;
        if (isNew) seen.set(path, mtimeMs);
        return isNew;
      })
      .map(path => relative(root, path))
      .sort();
  written(); // what is there already
  return written;
};
