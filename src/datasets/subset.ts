import { createHash } from 'node:crypto';
import { expectInteger, fail } from '../compute/check';
import { type Dataset, indexRange } from './dataset';

/**
 * Some samples of a data set, in the order of `indices`.
 * @throws ArgumentError for no index, or one outside the data set
 */
export const subset = (dataset: Dataset, indices: readonly number[]): Dataset => {
  if (indices.length === 0) fail('subset', 'indices', 'at least one index', indices);
  for (const index of indices) expectInteger('subset', 'indices', index, { max: dataset.length - 1 });
  const sha256 = createHash('sha256').update(indices.join()).digest('hex').slice(0, 16);
  return {
    ...dataset,
    length: indices.length,
    provenance: { ...dataset.provenance, subset: `${indices.length} samples, ${sha256}` },
    batch: chosen => dataset.batch(chosen.map(i => indices[i])),
  };
};

const CHUNK = 1000; // samples whose labels are looked at together

/**
 * The samples of some classes among the first `among` ones (default all); their labels and `classes` stay as they were.
 * @throws ArgumentError for data without labels, an endless data set without `among`, or when no sample is left
 */
export const ofClasses = async (
  dataset: Dataset,
  classes: readonly number[],
  { among = dataset.length }: { among?: number } = {},
): Promise<Dataset> => {
  const where = 'ofClasses';
  if (dataset.classes === 0) fail(where, `'${dataset.name}'`, 'data with labels', 'none');
  expectInteger(where, 'among', among, { min: 1, max: dataset.length });
  for (const label of classes) expectInteger(where, 'classes', label, { max: dataset.classes - 1 });
  const indices: number[] = [];
  for (let first = 0; first < among; first += CHUNK) {
    const { labels } = await dataset.batch(indexRange(Math.min(CHUNK, among - first), first));
    labels.forEach((label, i) => {
      if (classes.includes(label)) indices.push(first + i);
    });
  }
  return subset(dataset, indices);
};
