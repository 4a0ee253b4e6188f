import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dataset, indexRange } from '../dataset';
import { DatasetError } from '../dataset-error';
import type { ClassLabels } from '../formats/class-labels';
import { concurrently } from '../formats/concurrently';
import type { PictureFiles } from '../formats/image-folder';
import { decodePicture, type Picture, type PictureOptions } from './picture';

/** Pictures of whatever sizes, in order. */
export type PictureSource = ClassLabels & {
  /** Number of pictures. */
  length: number;
  /** Name of a picture, for messages. */
  nameOf: (index: number) => string;
  read: (first: number, count: number) => Promise<Picture[]>;
};

/** The pictures of listed files. `read` rejects with a DatasetError for damaged ones. */
export const picturesOfFiles = (
  { folder, names, labels, classes }: PictureFiles,
  options: PictureOptions = {},
): PictureSource => ({
  labels,
  classes,
  length: names.length,
  nameOf: index => names[index],
  read: async (first, count) => {
    const pictures: Picture[] = [];
    await concurrently(count, async i => {
      const path = join(folder, names[first + i]);
      pictures[i] = await decodePicture(await readFile(path), path, options);
    });
    return pictures;
  },
});

/**
 * The pictures of a data set, with all its labels.
 * @throws DatasetError when its samples are no pictures of one or three channels, or endless
 */
export const picturesOfDataset = (dataset: Dataset): PictureSource => {
  const { name, sampleShape, classes, length } = dataset;
  const [h, w, c] = sampleShape;
  if (sampleShape.length !== 3 || (c !== 1 && c !== 3))
    throw new DatasetError(`${name}: samples of [${sampleShape.join(', ')}] are no pictures`);
  if (length === Infinity) throw new DatasetError(`${name}: drawn data are endless; they need no file`);
  const labels = new Int32Array(classes > 0 ? length : 0);
  const size = h * w * c;
  return {
    labels, // filled as the pictures are read
    classes,
    length,
    nameOf: index => `${name} ${index}`,
    read: async (first, count) => {
      const batch = await dataset.batch(indexRange(count, first));
      labels.set(batch.labels, classes > 0 ? first : 0);
      const { x } = batch;
      if (!(x instanceof Uint8Array)) throw new DatasetError(`${name}: samples are numbers, not pictures`);
      return Array.from({ length: count }, (_, i) => ({ data: x.subarray(i * size, (i + 1) * size), h, w, c }));
    },
  };
};
