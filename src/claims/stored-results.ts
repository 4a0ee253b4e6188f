import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError } from '../compute/check';
import type { Provenance, ResultsProvenance } from '../figures';
import type { MadeBy } from '../provenance';

/** How a result was made. Those stored before results kept what computed them know the drawing of their figure only. */
export type StoredProvenance = Pick<ResultsProvenance, 'preset' | 'seeds'> & {
  madeBy?: readonly MadeBy[];
  /** There are rows of which it is not known what computed them. */
  unknownRows?: boolean;
  /** Name of the data set that was measured on. */
  dataset?: string;
  /** Of a benchmark: where and by which commits its rows were timed. */
  measured?: { places: readonly string[]; commits: readonly string[] };
} & Partial<Pick<Provenance, 'commit' | 'machine' | 'date'>>; // of drawing

/** What `keepFigure` stored: the numbers behind a figure and how they were made. */
export type StoredResult = {
  /** Of the files: '02_quality_per_nfe'; 'paper/05_images' of those at the paper's scale. */
  name: string;
  title: string;
  provenance: StoredProvenance;
  /** Readers take what they know, see `resultRows`. */
  numbers: unknown;
  /** A PNG lies beside it. */
  picture: boolean;
};

/** By name, in the order of their names. */
export type StoredResults = ReadonlyMap<string, StoredResult>;

const read = async (folder: string, file: string): Promise<Partial<StoredResult>> => {
  try {
    return (JSON.parse(await readFile(join(folder, file), 'utf8')) ?? {}) as Partial<StoredResult>;
  } catch (error) {
    throw new ArgumentError(`readStoredResults: ${file} cannot be read: ${(error as Error).message}`);
  }
};

const readFolder = async (folder: string, prefix: string): Promise<StoredResult[]> => {
  const files = (await readdir(folder)).sort();
  const results: StoredResult[] = [];
  for (const file of files.filter(name => name.endsWith('.json') && !name.endsWith('.vl.json'))) {
    const { title, provenance, numbers } = await read(folder, file);
    if (title === undefined || provenance === undefined) continue;
    const name = file.slice(0, -'.json'.length);
    results.push({ name: `${prefix}${name}`, title, provenance, numbers, picture: files.includes(`${name}.png`) });
  }
  return results;
};

/**
 * All results of a folder of figures, and of its folder `paper` where there is one; other JSON, as the Vega-Lite
 * specifications, is passed over.
 * @throws ArgumentError for a file that is no JSON
 */
export const readStoredResults = async (folder: string): Promise<StoredResults> => {
  const paper = join(folder, 'paper');
  const results = [...(await readFolder(folder, '')), ...(existsSync(paper) ? await readFolder(paper, 'paper/') : [])];
  return new Map(results.map(result => [result.name, result]));
};
