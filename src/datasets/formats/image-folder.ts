import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { expectOneOf, withDefaults } from '../../compute/check';
import { type Dataset, expectIndices, expectSampleSize } from '../dataset';
import { DatasetError } from '../dataset-error';
import {
  decodePicture,
  isPictureName,
  MAX_PICTURE_BYTES,
  pictureHeader,
  type PictureHeader,
} from '../pictures/picture';
import {
  type ClassLabels,
  FOLDER_LABELS,
  type FolderLabels,
  labelsByFolder,
  LABELS_FILE,
  largestLabelsFile,
  readClassLabels,
} from './class-labels';
import { concurrently } from './concurrently';
import { readRegularFile } from './regular-file';

/** Options of `imageFolder`. */
export type ImageFolderOptions = {
  /** Of dataset.json (used if there, required, or left out), or by sub-folder. */
  labels?: FolderLabels;
  /** Grey pictures become RGB and alpha is dropped. */
  rgb?: boolean;
  /** Of the images, for the provenance. */
  licence?: string;
};

/** The pictures of a folder, of whatever sizes. */
export type PictureFiles = ClassLabels & {
  /** Absolute, or from the working folder. */
  folder: string;
  /** Relative to the folder, with /, sorted. */
  names: readonly string[];
};

const MAX_FILES = 5_000_000;

/** More bytes than this are known by the files' names and sizes. */
const LARGEST_HASHED = 2 ** 31;

const labelsOf = async (folder: string, names: readonly string[], labels: FolderLabels): Promise<ClassLabels> => {
  if (labels === 'folders') return labelsByFolder(names, folder);
  const path = join(folder, LABELS_FILE);
  const bytes = await readRegularFile(path, largestLabelsFile(names.length)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return readClassLabels(bytes?.toString('utf8'), names, labels, path);
};

/**
 * Lists the PNG, JPEG and WebP files of a folder and its sub-folders, sorted by name, and their classes. Hidden files and
 * folders behind links are passed over.
 * @throws DatasetError when there is none, and for malformed or missing labels
 */
export const listPictures = async (folder: string, labels: FolderLabels): Promise<PictureFiles> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter(entry => !entry.isDirectory() && !entry.name.startsWith('.') && isPictureName(entry.name))
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
  if (names.length === 0) throw new DatasetError(`${folder}: no PNG, JPEG or WebP image in it`);
  if (names.length > MAX_FILES) throw new DatasetError(`${folder}: ${names.length} images; ${MAX_FILES} are the limit`);
  return { folder, names, ...(await labelsOf(folder, names, labels)) };
};

/** Over names and bytes of all files, or for very many bytes over names and sizes; and over the labels. */
const fingerprintOf = async (
  folder: string,
  { names, labels }: PictureFiles,
  sizes: Float64Array,
): Promise<Record<string, string>> => {
  const whole = sizes.reduce((sum, size) => sum + size, 0) <= LARGEST_HASHED;
  const hash = createHash('sha256');
  for (const [i, name] of names.entries()) {
    hash.update(`${name}\0${sizes[i]}\0`);
    if (whole) for await (const piece of createReadStream(join(folder, name))) hash.update(piece as Buffer);
  }
  const files = { [whole ? 'sha256' : 'namesSha256']: hash.digest('hex') };
  if (labels.length === 0) return files;
  return { ...files, labelsSha256: createHash('sha256').update(labels.join(' ')).digest('hex') };
};

/**
 * A plain folder of images of one size, sorted by name, with sub-folders: [H, W, 1] or [H, W, 3]. Labels from a
 * `dataset.json` as EDM's, or a class for each sub-folder. Every image's header is read at the start, its pixels when they
 * are wanted; a batch is decoded on several threads.
 * @throws DatasetError when there is no image, for malformed or missing labels, damaged headers, and two sizes, naming two
 * files; a batch with a damaged image rejects
 */
export const imageFolder = async (folder: string, options: ImageFolderOptions = {}): Promise<Dataset> => {
  const {
    labels: mode,
    rgb,
    licence,
  } = withDefaults<Required<ImageFolderOptions>>('imageFolder', options, {
    labels: 'optional',
    rgb: false,
    licence: 'that of the images',
  });
  expectOneOf('imageFolder', 'labels', mode, FOLDER_LABELS);
  const files = await listPictures(folder, mode);
  const { names, labels, classes } = files;
  const pathOf = (index: number): string => join(folder, names[index]);
  const headerOf = async (index: number, bytes: Uint8Array): Promise<PictureHeader> =>
    pictureHeader(bytes, pathOf(index), { rgb });
  const { h, w, c } = await headerOf(0, await readRegularFile(pathOf(0), MAX_PICTURE_BYTES));
  const size = expectSampleSize(folder, [h, w, c]);
  const expectSame = (index: number, found: PictureHeader): void => {
    if (found.h !== h || found.w !== w || found.c !== c)
      throw new DatasetError(
        `${folder}: '${names[0]}' has [${h}, ${w}, ${c}], '${names[index]}' [${found.h}, ${found.w}, ${found.c}]; ` +
          'cosim data make brings images to one size',
      );
  };
  const sizes = new Float64Array(names.length);
  await concurrently(names.length, async i => {
    const bytes = await readRegularFile(pathOf(i), MAX_PICTURE_BYTES);
    sizes[i] = bytes.length;
    expectSame(i, await headerOf(i, bytes));
  });
  const fingerprint = await fingerprintOf(folder, files, sizes);

  /** Image `index` into x at sample i. */
  const read = async (index: number, x: Uint8Array, i: number): Promise<void> => {
    const bytes = await readRegularFile(pathOf(index), MAX_PICTURE_BYTES);
    const picture = await decodePicture(bytes, pathOf(index), { rgb });
    expectSame(index, picture); // it may have been replaced
    x.set(picture.data, i * size);
  };

  return {
    name: basename(resolve(folder)),
    sampleShape: [h, w, c],
    classes,
    length: names.length,
    provenance: { source: 'folder of images', file: basename(resolve(folder)), ...fingerprint, licence },
    batch: async indices => {
      expectIndices('imageFolder', indices, names.length);
      const x = new Uint8Array(indices.length * size);
      await concurrently(indices.length, i => read(indices[i], x, i));
      return { x, labels: classes > 0 ? Int32Array.from(indices, i => labels[i]) : new Int32Array(0) };
    },
  };
};
