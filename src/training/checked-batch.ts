import { shapeSize } from '../compute/host-arrays';
import { type DataBatch, type Dataset, DatasetError } from '../datasets';

/**
 * A batch as it was read, unless it would train silently to nonsense.
 * @throws DatasetError naming the first sample with a number that is not finite, or a class that there is not
 */
export const checkedBatch = (
  { name, sampleShape, classes }: Dataset,
  indices: readonly number[],
  batch: DataBatch,
): DataBatch => {
  const { x, labels } = batch;
  const refuse = (what: string): never => {
    throw new DatasetError(`${name}: ${what}`);
  };
  const size = shapeSize(sampleShape);
  const n = indices.length;
  if (x.length !== n * size) refuse(`a batch of ${n} samples holds ${x.length} numbers, not ${n * size}`);
  const bad = x instanceof Uint8Array ? -1 : x.findIndex(value => !Number.isFinite(value));
  if (bad >= 0) refuse(`sample ${indices[Math.floor(bad / size)]} holds ${x[bad]}, which is no finite number`);
  if (classes === 0) return batch;
  if (labels.length !== n) refuse(`a batch of ${n} samples has ${labels.length} labels`);
  for (let i = 0; i < n; i++)
    if (!Number.isInteger(labels[i]) || labels[i] < 0 || labels[i] >= classes)
      refuse(`sample ${indices[i]} has the label ${labels[i]}, and there are ${classes} classes from 0`);
  return batch;
};
