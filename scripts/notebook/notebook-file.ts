import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The parts of the Jupyter format (nbformat 4.5) that these notebooks use; text may be stored as a list of lines. */
export type Text = string | string[];
export type Output =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: Text }
  | { output_type: 'display_data'; data: Record<string, unknown>; metadata: object }
  | { output_type: 'execute_result'; data: Record<string, unknown>; metadata: object; execution_count: number | null }
  | { output_type: 'error'; ename: string; evalue: string; traceback: string[] };
export type Cell = {
  cell_type: 'code' | 'markdown' | 'raw';
  id?: string;
  metadata: { tags?: string[]; [key: string]: unknown };
  source: Text;
  outputs?: Output[]; // code cells
  execution_count?: number | null; // code cells
  attachments?: object; // markdown cells
};
export type Notebook = { cells: Cell[]; metadata: object; nbformat: number; nbformat_minor: number };

export const joinText = (text: Text): string => (Array.isArray(text) ? text.join('') : text);

/** Text as Jupyter stores it: one entry a line, each but the last ending in a newline. */
export const splitText = (text: Text): string[] => joinText(text).match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** Code cells with something in them, with their place among all cells, counted from 0. */
export const codeCells = (notebook: Notebook): { cell: Cell; index: number }[] =>
  notebook.cells
    .map((cell, index) => ({ cell, index }))
    .filter(({ cell }) => cell.cell_type === 'code' && joinText(cell.source).trim() !== '');

const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
};

/** The notebook's file text, laid out as Jupyter itself does: sorted keys, one space of indent, a final newline. */
export const formatNotebook = (notebook: Notebook): string => `${JSON.stringify(sortKeys(notebook), null, 1)}\n`;

export const readNotebook = (path: string): Notebook => JSON.parse(readFileSync(path, 'utf8')) as Notebook;

/** Replaces a file in one step: whoever reads it sees the old text or the new one, never a part. */
export const replaceFile = (path: string, text: string): void => {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
};

/** `01_quickstart` for its path. */
export const notebookName = (path: string): string => basename(path, '.ipynb');

/**
 * Paths of the notebooks in a folder, in order; `names` narrows them: a name, the start of one (`01`), or a path to an .ipynb file.
 * @throws Error when a name matches nothing.
 */
export const findNotebooks = (folder: string, names: string[]): string[] => {
  const all = (existsSync(folder) ? readdirSync(folder) : []).filter(file => /^\d\d_.*\.ipynb$/.test(file)).sort();
  if (names.length === 0) return all.map(file => join(folder, file));
  return names.flatMap(name => {
    if (name.endsWith('.ipynb')) return [name];
    const found = all.filter(file => file.startsWith(name));
    if (found.length === 0)
      throw new Error(`No notebook starts with '${name}'. There are: ${all.map(notebookName).join(', ') || 'none'}.`);
    return found.map(file => join(folder, file));
  });
};
