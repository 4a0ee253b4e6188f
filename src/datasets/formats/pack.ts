import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { writeFileAtomic } from '../../checkpoints';
import { expectInteger, expectOneOf, fail, withDefaults } from '../../compute/check';
import { DatasetError } from '../dataset-error';
import { CROP_TRANSFORMS, cropTo, type CropTransform } from '../pictures/centre-crop';
import { encodePng, type Picture } from '../pictures/picture';
import type { PictureSource } from '../pictures/picture-source';
import { LABELS_FILE } from './class-labels';

/** Options of `packPictures`. */
export type PackOptions = {
  /** Pixels of the result; 0: as the pictures are. */
  width?: number;
  /** 0: as the width. */
  height?: number;
  /** How pictures become that size. */
  transform?: CropTransform;
  /** Stops; nothing is left behind. */
  signal?: AbortSignal;
  /** Pictures. */
  onProgress?: (done: number, total: number) => void;
};

/** The reference's name of image `index`. */
const imageName = (index: number): string => {
  const digits = String(index).padStart(8, '0');
  return `${digits.slice(0, 5)}/img${digits}.png`;
};

const CHUNK = 64; // pictures made at a time
const WAITING = 128; // finished pictures that may wait to be written

const STORED = { compress: false, mtime: new Date(1980, 0, 1), forceDosTimestamp: true }; // the same bytes every time

/** A zip file that is written while it is filled: its pictures do not stay in memory. */
const streamingZip = () => {
  const zip = new ZipFile();
  const queue: Uint8Array[] = [];
  // yazl looks through all entries for the next to write: those that are written are set aside until the end.
  const { entries } = zip as unknown as { entries: unknown[] };
  const written: unknown[] = [];
  let [asked, wake] = [0, (): void => undefined];
  const output = zip.outputStream as Readable;
  output.on('error', () => undefined); // whoever reads it is told
  output.on('close', () => wake());
  return {
    output,
    add: async (name: string, bytes: Uint8Array): Promise<void> => {
      queue.push(bytes);
      zip.addReadStreamLazy(name, STORED, give => {
        written.push(...entries.splice(0, asked++ - written.length));
        give(null, Readable.from([queue.shift()!]));
        wake();
      });
      while (queue.length > WAITING && !output.destroyed) await new Promise<void>(resolve => (wake = resolve));
      if (output.destroyed) throw new Error('nobody writes the zip file any more');
    },
    end: (name: string, bytes: Uint8Array): void => {
      queue.push(bytes);
      zip.addReadStreamLazy(name, STORED, give => {
        entries.unshift(...written);
        give(null, Readable.from([queue.shift()!]));
      });
      zip.end();
    },
  };
};

const shapeOf = ({ h, w, c }: Picture): string => `[${h}, ${w}, ${c}]`;

/**
 * Packs pictures into EDM's data-set zip, as its dataset tool does: crop and resize, square PNGs named by their index,
 * `dataset.json` with the classes if every picture has one. The file appears whole or not at all.
 * @returns how many pictures the file has: `center-crop-wide` leaves out too small ones
 * @throws DatasetError for pictures that are damaged, of two sizes or not square; ArgumentError for bad options
 */
export const packPictures = async (source: PictureSource, to: string, options: PackOptions = {}): Promise<number> => {
  const { width, height, transform, signal, onProgress } = withDefaults<PackOptions>('packPictures', options, {
    width: 0,
    height: 0,
    transform: 'scale',
    signal: undefined,
    onProgress: undefined,
  }) as Required<Pick<PackOptions, 'width' | 'height' | 'transform'>> & PackOptions;
  expectInteger('packPictures', 'width', width);
  expectInteger('packPictures', 'height', height);
  expectOneOf('packPictures', 'transform', transform, CROP_TRANSFORMS);
  if (width === 0 && transform !== 'scale') fail('packPictures', 'width', `given for ${transform}`, width);

  const made = (picture: Picture): Picture | undefined => {
    if (width === 0) return picture;
    const result = cropTo({ ...picture, n: 1 }, { width, height: height || width, transform });
    return result && { data: result.data, h: result.h, w: result.w, c: picture.c };
  };

  const zip = streamingZip();
  const names: [name: string, label: number][] = [];
  let first: { picture: Picture; name: string } | undefined;

  const check = (picture: Picture, name: string): void => {
    first ??= { picture, name };
    if (picture.h !== picture.w)
      throw new DatasetError(`'${name}' becomes ${shapeOf(picture)}; EDM's images are square: crop or resize them`);
    if (shapeOf(picture) !== shapeOf(first.picture))
      throw new DatasetError(
        `'${first.name}' becomes ${shapeOf(first.picture)}, '${name}' ${shapeOf(picture)}; one size and kind is needed`,
      );
  };

  const fill = async (): Promise<void> => {
    for (let begin = 0; begin < source.length; begin += CHUNK) {
      signal?.throwIfAborted();
      const count = Math.min(CHUNK, source.length - begin);
      const pictures = await source.read(begin, count, made);
      pictures.forEach((picture, i) => picture && check(picture, source.nameOf(begin + i)));
      const encoded = await Promise.all(pictures.map(async picture => picture && encodePng(picture)));
      for (const [i, bytes] of encoded.entries()) {
        if (!bytes) continue;
        names.push([imageName(begin + i), source.labels[begin + i]]);
        await zip.add(imageName(begin + i), bytes);
      }
      onProgress?.(begin + count, source.length);
    }
    if (names.length === 0) throw new DatasetError('no picture is large enough for that size');
    const json = JSON.stringify({ labels: source.classes > 0 ? names : null });
    zip.end(LABELS_FILE, Buffer.from(json));
  };

  const filling = fill().catch((error: Error) => void zip.output.destroy(error));
  try {
    await writeFileAtomic(to, zip.output as AsyncIterable<Uint8Array>);
  } finally {
    await filling;
  }
  return names.length;
};
