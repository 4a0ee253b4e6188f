import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import type { Provenance } from '../figures';
import type { MetricResult } from '../metrics';

const FORMAT = 'cosim results 1';

/** What was judged, the numbers, and how they were made. */
export type ResultFile = {
  /** A network and its sampler, or a data set. */
  images: Readonly<Record<string, string | number>>;
  results: readonly MetricResult[];
  provenance: Provenance;
};

/** Writes results as JSON, atomically. */
export const saveResults = (path: string, file: ResultFile): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify({ format: FORMAT, ...file }, null, 1)}\n`);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

const isResult = (value: Partial<MetricResult> | null): boolean =>
  typeof value === 'object' &&
  typeof value?.metric === 'string' &&
  [value.value, value.n].every(Number.isFinite) &&
  Array.isArray(value.blocks) &&
  typeof value.features?.sha256 === 'string';

/**
 * Reads what `saveResults` wrote.
 * @throws ArgumentError for a file that is something else; Node's error where it cannot be read
 */
export const loadResults = async (path: string): Promise<ResultFile> => {
  const json = parse(await readFile(path, 'utf8')) as (ResultFile & { format: string }) | null | undefined;
  if (json?.format !== FORMAT || !Array.isArray(json.results) || !(json.results as MetricResult[]).every(isResult))
    throw new ArgumentError(`${path}: no results of an evaluation (format '${FORMAT}')`);
  const { images, results, provenance } = json;
  return { images, results, provenance };
};
