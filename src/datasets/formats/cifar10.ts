import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expectOneOf, withDefaults } from '../../compute/check';
import { type Dataset, expectIndices, type Split, splits } from '../dataset';
import { DatasetError } from '../dataset-error';
import { openRecords, type RecordFile, sha256OfFiles } from './records';

/** Options of `cifar10`. */
export type Cifar10Options = {
  /** data_batch_1 to 5, or test_batch. */
  split?: Split;
};

const SIDE = 32;
const PIXELS = SIDE * SIDE;
const RECORD = 1 + 3 * PIXELS; // the label, then the planes R, G, B

const FILES: Record<Split, readonly string[]> = {
  train: [1, 2, 3, 4, 5].map(i => `data_batch_${i}.bin`),
  test: ['test_batch.bin'],
};

/** Names of the files of all splits. */
export const CIFAR10_FILES: readonly string[] = [...FILES.train, ...FILES.test];

const recordFile = async (path: string): Promise<RecordFile | undefined> => {
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined;
  if (found.size === 0 || found.size % RECORD !== 0)
    throw new DatasetError(
      `${path}: ${found.size} bytes are no whole number of CIFAR-10 records of ${RECORD} bytes; the file is truncated or another`,
    );
  return { path, offset: 0, count: found.size / RECORD };
};

/**
 * CIFAR-10, binary version (Krizhevsky 2009): [32, 32, 3], ten classes, from the folder `cifar-10-batches-bin`. Of the
 * training files those that are there are read, in order; `provenance` names them. Call `close` when done.
 * @throws DatasetError when no file of the split is there, or one is no whole number of records; a batch with a label
 * above 9, or of a file that became shorter, rejects
 */
export const cifar10 = async (folder: string, options: Cifar10Options = {}): Promise<Dataset> => {
  const { split } = withDefaults<Required<Cifar10Options>>('cifar10', options, { split: 'train' });
  expectOneOf('cifar10', 'split', split, splits);
  const files: RecordFile[] = [];
  for (const name of FILES[split]) {
    const file = await recordFile(join(folder, name));
    if (file) files.push(file);
  }
  if (files.length === 0)
    throw new DatasetError(
      `${folder}: none of ${FILES[split].join(', ')} is there; unpack cifar-10-binary.tar.gz and give its folder cifar-10-batches-bin`,
    );
  const sha256 = await sha256OfFiles(files.map(({ path }) => path));
  const records = await openRecords(files, RECORD);
  const names = files.map(({ path }) => basename(path));

  /** Record `index` into x at sample i, channels last; returns the label. */
  const read = async (index: number, x: Uint8Array, i: number): Promise<number> => {
    const record = new Uint8Array(RECORD);
    await records.read(index, record);
    const [label] = record;
    if (label > 9) throw new DatasetError(`${folder}: image ${index} has label ${label}; CIFAR-10 has 0 to 9`);
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < PIXELS; p++) x[(i * PIXELS + p) * 3 + c] = record[1 + c * PIXELS + p];
    return label;
  };

  return {
    name: 'cifar10',
    sampleShape: [SIDE, SIDE, 3],
    classes: 10,
    length: records.length,
    provenance: {
      source: 'CIFAR-10, binary version',
      split,
      files: names.join(', '),
      sha256, // over the files, in order
      licence: 'none stated; cite Krizhevsky 2009',
    },
    batch: async indices => {
      expectIndices('cifar10', indices, records.length);
      const x = new Uint8Array(indices.length * PIXELS * 3);
      const labels = await Promise.all(indices.map((index, i) => read(index, x, i)));
      return { x, labels: Int32Array.from(labels) };
    },
    close: records.close,
  };
};
