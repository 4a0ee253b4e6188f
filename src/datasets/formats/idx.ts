import { shapeSize } from '../../compute/host-arrays';
import { open, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { expectOneOf, withDefaults } from '../../compute/check';
import { type Dataset, expectIndices, type Split, splits } from '../dataset';
import { DatasetError } from '../dataset-error';
import { openRecords, readFully, type Records, sha256OfFiles } from './records';

/** Options of `mnist` and `fashionMnist`. */
export type IdxOptions = {
  /** The files train-*, or t10k-*. */
  split?: Split;
};

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const CLASSES = 10;

/** The magic number: two zero bytes, 8 for unsigned bytes, the number of dimensions. */
const MAGIC = { images: 0x0803, labels: 0x0801 } as const;

/** Gunzipped bytes a file may have: the largest real one, 60,000 images, has 47 MB. */
const LARGEST = 2 ** 26;

const PREFIX: Record<Split, string> = { train: 'train', test: 't10k' };

/** Names of the files of a split, each of which may also end with .gz. */
export const idxNames = (split: Split): readonly [images: string, labels: string] => [
  `${PREFIX[split]}-images-idx3-ubyte`,
  `${PREFIX[split]}-labels-idx1-ubyte`,
];

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    found => found.isFile(),
    () => false,
  );

/** The file as it is there, plain or gzipped. */
const find = async (folder: string, name: string): Promise<string> => {
  for (const path of [join(folder, name), join(folder, `${name}.gz`)]) if (await isFile(path)) return path;
  throw new DatasetError(`${folder}: neither ${name} nor ${name}.gz is there`);
};

const unzipped = async (path: string): Promise<Uint8Array> => {
  try {
    return await promisify(gunzip)(await readFile(path), { maxOutputLength: LARGEST });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new DatasetError(
      `${path}: ${tooLarge ? `unpacks to more than ${LARGEST} bytes` : `not a whole gzip file (${(error as Error).message})`}`,
    );
  }
};

/** Bytes by range, of a plain file where it lies, of a gzipped one from memory. */
type Bytes = { path: string; size: number; head: Uint8Array; whole?: Uint8Array };

const HEAD = 16; // the longest header

const openBytes = async (path: string): Promise<Bytes> => {
  if (path.endsWith('.gz')) {
    const whole = await unzipped(path);
    return { path, size: whole.length, head: whole.subarray(0, HEAD), whole };
  }
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const head = new Uint8Array(Math.min(size, HEAD));
    await readFully(handle, path, head, 0);
    return { path, size, head };
  } finally {
    await handle.close();
  }
};

/** Checks header and size; returns how many records of which shape follow the header. */
const readHeader = (
  { path, size, head }: Bytes,
  kind: keyof typeof MAGIC,
): { count: number; shape: number[]; offset: number } => {
  const dimensions = MAGIC[kind] & 0xff;
  const offset = 4 * (1 + dimensions);
  if (head.length < offset)
    throw new DatasetError(`${path}: ${size} bytes, less than the ${offset} of an idx header for ${kind}`);
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const hex = (magic: number): string => `0x${magic.toString(16).padStart(8, '0')}`;
  if (view.getUint32(0) !== MAGIC[kind])
    throw new DatasetError(
      `${path}: an idx file of ${kind} begins with ${hex(MAGIC[kind])}, this one with ${hex(view.getUint32(0))}`,
    );
  const [count, ...shape] = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  if (kind === 'images' && (shape[0] !== SIDE || shape[1] !== SIDE))
    throw new DatasetError(`${path}: images of [${shape.join(', ')}], ${SIDE} x ${SIDE} were expected`);
  const expected = offset + count * shapeSize(shape);
  if (size !== expected)
    throw new DatasetError(`${path}: ${count} ${kind} make ${expected} bytes, the file has ${size}; it is truncated`);
  if (count === 0) throw new DatasetError(`${path}: no ${kind} in it`);
  return { count, shape, offset };
};

/** The labels of all images. */
const readLabels = async (path: string, count: number): Promise<Uint8Array> => {
  const bytes = await openBytes(path);
  const header = readHeader(bytes, 'labels');
  if (header.count !== count)
    throw new DatasetError(`${path}: ${header.count} labels for ${count} images; the two files do not belong together`);
  const labels = (bytes.whole ?? new Uint8Array(await readFile(path))).subarray(header.offset);
  const wrong = labels.findIndex(label => label >= CLASSES);
  if (wrong >= 0) throw new DatasetError(`${path}: label ${wrong} is ${labels[wrong]}; 0 to ${CLASSES - 1} are known`);
  return labels;
};

/** Images that are in memory already. */
const recordsInMemory = (bytes: Uint8Array, size: number): Records => ({
  length: bytes.length / size,
  read: (index, into) => Promise.resolve(into.set(bytes.subarray(index * size, (index + 1) * size))),
  close: () => Promise.resolve(),
});

const idx = async (
  folder: string,
  { split }: Required<IdxOptions>,
  { name, source, licence }: { name: string; source: string; licence: string },
): Promise<Dataset> => {
  expectOneOf(name, 'split', split, splits);
  const [imageName, labelName] = idxNames(split);
  const paths = [await find(folder, imageName), await find(folder, labelName)];
  const images = await openBytes(paths[0]);
  const { count, offset } = readHeader(images, 'images');
  const labels = await readLabels(paths[1], count);
  const records = images.whole
    ? recordsInMemory(images.whole.subarray(offset), PIXELS)
    : await openRecords([{ path: paths[0], offset, count }], PIXELS);
  return {
    name,
    sampleShape: [SIDE, SIDE, 1],
    classes: CLASSES,
    length: count,
    provenance: {
      source,
      split,
      files: paths.map(path => basename(path)).join(', '),
      sha256: await sha256OfFiles(paths), // over both files, in order
      licence,
    },
    batch: async indices => {
      expectIndices(name, indices, count);
      const x = new Uint8Array(indices.length * PIXELS);
      await Promise.all(indices.map((index, i) => records.read(index, x.subarray(i * PIXELS, (i + 1) * PIXELS))));
      return { x, labels: Int32Array.from(indices, index => labels[index]) };
    },
    close: records.close,
  };
};

/**
 * MNIST (LeCun, Cortes and Burges 1998): [28, 28, 1], ten classes, from a folder with the idx files of the split, each
 * plain or gzipped. Plain files are read where they lie; gzipped ones are unpacked into memory (47 MB the training images).
 * @throws DatasetError when a file is not there, is no idx file of 28 x 28 images or of labels below 10, or is truncated
 */
export const mnist = (folder: string, options: IdxOptions = {}): Promise<Dataset> =>
  idx(folder, withDefaults<Required<IdxOptions>>('mnist', options, { split: 'train' }), {
    name: 'mnist',
    source: 'MNIST',
    licence: 'CC BY-SA 3.0; LeCun and Cortes',
  });

/**
 * Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), in the files and the format of MNIST.
 * @throws DatasetError as `mnist`
 */
export const fashionMnist = (folder: string, options: IdxOptions = {}): Promise<Dataset> =>
  idx(folder, withDefaults<Required<IdxOptions>>('fashionMnist', options, { split: 'train' }), {
    name: 'fashion-mnist',
    source: 'Fashion-MNIST',
    licence: 'MIT; Zalando SE',
  });
