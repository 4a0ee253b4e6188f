import { join } from 'node:path';
import { type Dataset, indexRange } from '../dataset';
import { DatasetError } from '../dataset-error';
import type { ClassLabels } from '../formats/class-labels';
import { concurrently } from '../formats/concurrently';
import type { PictureFiles } from '../formats/image-folder';
import { type FolderLabels } from '../formats/class-labels';
import { openLabelledZip } from '../formats/labelled-zip';
import { readRegularFile } from '../formats/regular-file';
import { decodePicture, isPictureName, MAX_PICTURE_BYTES, type Picture, type PictureOptions } from './picture';

/** Pictures of whatever sizes, in order. */
export type PictureSource = ClassLabels & {
  /** Number of pictures. */
  length: number;
  /** Name of a picture, for messages. */
  nameOf: (index: number) => string;
  /** What `make` makes of each: of a large one little is kept, and few are in memory at a time. */
  read: <Made>(first: number, count: number, make: (picture: Picture) => Made) => Promise<Made[]>;
  /** Closes the file, where one stays open. */
  close?: () => Promise<void>;
};

const LANES = 4; // pictures decoded at a time: one may have 200 MB

const readAll = async <Made>(
  count: number,
  decode: (i: number) => Promise<Picture>,
  make: (picture: Picture) => Made,
): Promise<Made[]> => {
  const made: Made[] = [];
  await concurrently(count, async i => void (made[i] = make(await decode(i))), LANES);
  return made;
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
  read: (first, count, make) => {
    const decode = async (i: number): Promise<Picture> => {
      const path = join(folder, names[first + i]);
      return decodePicture(await readRegularFile(path, MAX_PICTURE_BYTES), path, options);
    };
    return readAll(count, decode, make);
  },
});

/**
 * The pictures of a zip file, of whatever sizes, as those of a folder. Call `close` when done.
 * @throws DatasetError as `edmZip` opens one; `read` rejects with one for damaged pictures
 */
export const picturesOfZip = async (
  path: string,
  { labels = 'optional', ...options }: PictureOptions & { labels?: FolderLabels } = {},
): Promise<PictureSource> => {
  const zip = await openLabelledZip(path, {
    isSample: isPictureName,
    what: 'a PNG, JPEG or WebP image',
    mode: labels,
  });
  return {
    labels: zip.labels,
    classes: zip.classes,
    length: zip.length,
    nameOf: zip.nameOf,
    read: (first, count, make) =>
      readAll(count, async i => decodePicture(await zip.read(first + i), zip.nameOf(first + i), options), make),
    close: zip.close,
  };
};

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
    close: dataset.close,
    labels, // filled as the pictures are read
    classes,
    length,
    nameOf: index => `${name} ${index}`,
    read: async (first, count, make) => {
      const batch = await dataset.batch(indexRange(count, first));
      labels.set(batch.labels, classes > 0 ? first : 0);
      const { x } = batch;
      if (!(x instanceof Uint8Array)) throw new DatasetError(`${name}: samples are numbers, not pictures`);
      return Array.from({ length: count }, (_, i) => make({ data: x.subarray(i * size, (i + 1) * size), h, w, c }));
    },
  };
};
