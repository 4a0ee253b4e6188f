import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../project';

/** Where the figures of a preset go, as `figureFolder` of src/studies has it. */
const folderOf = (preset: string): string => join(root, 'figures', preset === 'laptop' ? '' : preset);

/** A function that gives, at each call, the paths (from the project's folder) of figures written since the last one. */
export const newFigures = (preset: string): (() => string[]) => {
  const seen = new Map<string, number>();
  const written = (): string[] => {
    const folder = folderOf(preset);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter(entry => entry.isFile() && entry.name.endsWith('.png') && !entry.parentPath.includes('cache'))
      .map(entry => join(entry.parentPath, entry.name))
      .filter(path => {
        const { mtimeMs } = statSync(path);
        const isNew = seen.get(path) !== mtimeMs;
        seen.set(path, mtimeMs);
        return isNew;
      })
      .map(path => relative(root, path))
      .sort();
  };
  written(); // what is there already
  return written;
};
