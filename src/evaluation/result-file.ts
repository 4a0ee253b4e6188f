import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CheckpointError, writeFileAtomic } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import type { MetricResult } from '../metrics';
import { type MadeBy, takeMadeBy } from '../provenance';

const FORMAT = 'cosim results 1';

/** What was measured, the numbers, and what computed them. */
export type ResultFile = {
  /** A network and its sampler, or a data set. */
  images: Readonly<Record<string, string | number>>;
  /** Without what made them, which is the file's. */
  results: readonly MetricResult[];
  /** Of the numbers and of the features that they are of, also those that a cache had; empty: an older file. */
  madeBy: readonly MadeBy[];
};

const checksumOf = ({ images, results, madeBy }: ResultFile): string =>
  createHash('sha256')
    .update(JSON.stringify([images, results, madeBy]))
    .digest('hex');

/** Writes results as JSON, whole or not at all, with a checksum and what computed them, as they say it themselves. */
export const saveResults = (
  path: string,
  { images, results: given }: Pick<ResultFile, 'images' | 'results'>,
): Promise<void> => {
  const { result: results, madeBy } = takeMadeBy(given);
  const file: ResultFile = { images, results, madeBy };
  const text = JSON.stringify({ format: FORMAT, checksum: checksumOf(file), ...file }, null, 1);
  return writeFileAtomic(path, `${text}\n`);
};

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
 * Reads what `saveResults` wrote; a file of version 0.1.0 has no checksum.
 * @throws ArgumentError for a file that is something else, CheckpointError for one that does not fit its checksum; Node's
 * error where it cannot be read
 */
export const loadResults = async (path: string): Promise<ResultFile> => {
  const json = parse(await readFile(path, 'utf8')) as
    (ResultFile & { format: string; checksum?: string }) | null | undefined;
  if (json?.format !== FORMAT || !Array.isArray(json.results) || !(json.results as MetricResult[]).every(isResult))
    throw new ArgumentError(`${path}: no results of an evaluation (format '${FORMAT}')`);
  const { images, results, madeBy = [] as MadeBy[], checksum } = json as Partial<typeof json> & ResultFile;
  const file: ResultFile = { images, results, madeBy };
  if (checksum !== undefined && checksum !== checksumOf(file))
    throw new CheckpointError('checksum', `${path}: damaged, it does not fit its checksum`);
  return file;
};
