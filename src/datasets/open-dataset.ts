import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ArgumentError, expectOneOf, withDefaults } from '../compute/check';
import { dataCache } from './cache';
import { type Dataset, type Split, splits } from './dataset';
import { DatasetError } from './dataset-error';
import { digits } from './drawn/digits';
import { points, pointsNames } from './drawn/points';
import { cifar10, CIFAR10_FILES } from './formats/cifar10';
import { edmZip } from './formats/edm-zip';
import { fashionMnist, idxNames, mnist } from './formats/idx';
import { FOLDER_LABELS, type FolderLabels } from './formats/class-labels';
import { imageFolder } from './formats/image-folder';
import { isNpy, latents } from './formats/latents';
import { openZip } from './formats/zip-archive';
import { isPictureName } from './pictures/picture';

/** Options of `openDataset`; what the format does not have is refused. */
export type OpenDatasetOptions = {
  /** Of data that have two parts; zip files and folders of images have one, 'train'. */
  split?: Split;
  /** Of zip files and folders of images. */
  labels?: FolderLabels;
  /** Of folders of images: grey pictures become RGB and alpha is dropped. */
  rgb?: boolean;
};

type Options = Required<OpenDatasetOptions>;

const CIFAR10_FOLDER = 'cifar-10-batches-bin';

/** Data sets that are fetched, by name: the folder in the cache, and who reads it. */
const FETCHED = {
  cifar10: { folder: join('cifar10', CIFAR10_FOLDER), read: cifar10 },
  mnist: { folder: 'mnist', read: mnist },
  'fashion-mnist': { folder: 'fashion-mnist', read: fashionMnist },
} as const satisfies Record<string, { folder: string; read: unknown }>;

/** A data set that `fetchDataset` can download. */
export type FetchedName = keyof typeof FETCHED;

/** Where a fetched data set lies. */
export const fetchedFolder = (name: FetchedName): string => join(dataCache(), FETCHED[name].folder);

/** The data sets that `openDataset` knows by name. */
export const DATASET_NAMES: readonly string[] = ['digits', ...Object.keys(FETCHED), ...pointsNames];

const isFetched = (name: string): name is FetchedName => Object.hasOwn(FETCHED, name);

const refuseRgb = (what: string, { rgb }: Options): void => {
  if (rgb) throw new DatasetError(`${what}: rgb is an option of folders of images, got true`);
};

/** Refuses the options of pictures, for data that have one kind of labels, or none, and of channels. */
const refusePictureOptions = (what: string, options: Options, labelled = true): void => {
  const { labels } = options;
  if (labels !== 'optional' && !(labelled && labels === 'required'))
    throw new DatasetError(`${what}: labels is an option of zip files and folders of images, got '${labels}'`);
  refuseRgb(what, options);
};

const openFetched = async (name: FetchedName, options: Options): Promise<Dataset> => {
  refusePictureOptions(name, options);
  const { split } = options;
  const folder = fetchedFolder(name);
  const found = await stat(folder).catch(() => undefined);
  if (!found)
    throw new DatasetError(
      `${name} has not been fetched: there is no folder ${folder}. 'cosim data fetch ${name}' fetches it; ` +
        'a folder or file with the data can be named instead.',
    );
  return FETCHED[name].read(folder, { split });
};

const refuseTest = (path: string, { split }: Options): void => {
  if (split === 'test')
    throw new DatasetError(
      `${path}: images of one part; where the test images are a file of their own, name that file`,
    );
};

const openFile = async (path: string, options: Options): Promise<Dataset> => {
  const handle = await open(path, 'r');
  const start = Buffer.alloc(2);
  await handle.read(start, 0, 2, 0).finally(() => handle.close());
  if (start.toString('latin1') !== 'PK')
    throw new DatasetError(
      `${path}: not a zip file; of single files only zip files of images or latents are data sets`,
    );
  refuseTest(path, options);
  refuseRgb(path, options);
  const { labels } = options;
  const zip = await openZip(path);
  await zip.close();
  if (!zip.names.some(isNpy)) return edmZip(path, { labels });
  if (labels === 'folders') throw new DatasetError(`${path}: labels by sub-folder are for images, not for latents`);
  return latents(path, { labels });
};

const idxFiles = splits.flatMap(split => idxNames(split)).flatMap(name => [name, `${name}.gz`]);

const openFolder = async (path: string, options: Options): Promise<Dataset> => {
  const { split, labels, rgb } = options;
  const names = await readdir(path);
  const cifar = names.some(name => CIFAR10_FILES.includes(name));
  if (cifar || names.includes(CIFAR10_FOLDER)) {
    refusePictureOptions(path, options);
    return cifar10(cifar ? path : join(path, CIFAR10_FOLDER), { split });
  }
  if (names.some(name => idxFiles.includes(name))) {
    refusePictureOptions(path, options);
    return /fashion/i.test(basename(resolve(path))) ? fashionMnist(path, { split }) : mnist(path, { split });
  }
  if ((await readdir(path, { recursive: true })).some(isPictureName)) {
    refuseTest(path, options);
    return imageFolder(path, { labels, rgb });
  }
  throw new DatasetError(
    `${path}: no data set. Looked for CIFAR-10's data_batch_1.bin to test_batch.bin, the folder cifar-10-batches-bin, ` +
      "MNIST's train-images-idx3-ubyte and t10k-images-idx3-ubyte (also .gz), and PNG, JPEG and WebP images",
  );
};

/**
 * Opens a data set by name (one of DATASET_NAMES, a fetched one from the cache) or by path: a zip file of images (EDM) or
 * latents (EDM2), the folder of CIFAR-10's binary version, a folder of idx files (Fashion-MNIST where its name says so), or
 * a folder of images. Call `close`, where there is one, when done.
 * @throws DatasetError when it is none of these, saying what was looked for, and as the reader of its format
 * @example
 * const dataset = await openDataset('cifar-10-batches-bin');
 * // ...
 * await dataset.close?.();
 */
export const openDataset = async (nameOrPath: string, options: OpenDatasetOptions = {}): Promise<Dataset> => {
  const chosen = withDefaults<Options>('openDataset', options, { split: 'train', labels: 'optional', rgb: false });
  expectOneOf('openDataset', 'split', chosen.split, splits);
  expectOneOf('openDataset', 'labels', chosen.labels, FOLDER_LABELS);
  const { split } = chosen;
  const density = pointsNames.find(name => name === nameOrPath);
  if (nameOrPath === 'digits' || density) refusePictureOptions(nameOrPath, chosen, !density);
  if (nameOrPath === 'digits') return digits({ split });
  if (density) return points(density, { split });
  if (isFetched(nameOrPath)) return openFetched(nameOrPath, chosen);
  const found = await stat(nameOrPath).catch(() => undefined);
  if (!found)
    throw new DatasetError(
      `'${nameOrPath}' is no data set: neither one of ${DATASET_NAMES.join(', ')}, nor a file or folder that is there`,
    );
  if (found.isDirectory()) return openFolder(nameOrPath, chosen);
  if (!found.isFile()) throw new DatasetError(`${nameOrPath}: no regular file, but a pipe or a device`);
  return openFile(nameOrPath, chosen);
};

/**
 * The other part of data that `openDataset` opened, such as CIFAR-10's test images; nothing where there is none that holds
 * other samples.
 */
export const openOtherSplit = async (nameOrPath: string, { provenance }: Dataset): Promise<Dataset | undefined> => {
  const split = provenance.split === 'test' ? 'train' : 'test';
  try {
    const other = await openDataset(nameOrPath, { split });
    if (other.length === Infinity || other.provenance.sha256 !== provenance.sha256) return other;
    await other.close?.();
  } catch (error) {
    if (!(error instanceof DatasetError || error instanceof ArgumentError)) throw error;
  }
  return undefined;
};
