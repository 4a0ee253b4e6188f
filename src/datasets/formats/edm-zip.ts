import { basename } from 'node:path';
import { expectOneOf, withDefaults } from '../../compute/check';
import { type Dataset, expectIndices, expectSampleSize } from '../dataset';
import { DatasetError } from '../dataset-error';
import { decodePicture, isPictureName, pictureHeader } from '../pictures/picture';
import { FOLDER_LABELS, type FolderLabels } from './class-labels';
import { concurrently } from './concurrently';
import { openLabelledZip } from './labelled-zip';

/** Options of `edmZip`. */
export type EdmZipOptions = {
  /** Of dataset.json (used if there, required, or left out), or by the first folder of each path. */
  labels?: FolderLabels;
  /** Of the images, for the provenance. */
  licence?: string;
};

/**
 * EDM's data set: a zip file of PNG images (JPEG and WebP too), sorted by name, and their classes in `dataset.json`:
 * CIFAR-10, FFHQ, AFHQ and ImageNet at 64 x 64 as their tool writes them. [H, W, 1] or [H, W, 3] as the first image says.
 * Only the directory is in memory; a batch is read and decoded on several threads. Call `close` when done.
 * @throws DatasetError as `openZip`, for malformed or missing labels, and when the first image is damaged; a batch with a
 * damaged image, or one of another size, rejects
 */
export const edmZip = async (path: string, options: EdmZipOptions = {}): Promise<Dataset> => {
  const { labels: mode, licence } = withDefaults<Required<EdmZipOptions>>('edmZip', options, {
    labels: 'optional',
    licence: 'that of the images',
  });
  expectOneOf('edmZip', 'labels', mode, FOLDER_LABELS);
  const zip = await openLabelledZip(path, { isSample: isPictureName, what: 'a PNG, JPEG or WebP image', mode });
  try {
    const header = await pictureHeader(await zip.read(0), zip.nameOf(0));
    const { h, w, c } = header;
    const size = expectSampleSize(path, [h, w, c]);
    await decodePicture(await zip.read(0), zip.nameOf(0), { header });

    /** Image `index` into x at sample i. */
    const read = async (index: number, x: Uint8Array, i: number): Promise<void> => {
      const bytes = await zip.read(index);
      const header = await pictureHeader(bytes, zip.nameOf(index));
      if (header.h !== h || header.w !== w || header.c !== c)
        throw new DatasetError(
          `${zip.nameOf(index)} has [${header.h}, ${header.w}, ${header.c}] where the first image has [${h}, ${w}, ${c}]`,
        );
      x.set((await decodePicture(bytes, zip.nameOf(index), { header })).data, i * size);
    };

    return {
      name: basename(path).replace(/\.zip$/i, ''),
      sampleShape: [h, w, c],
      classes: zip.classes,
      length: zip.length,
      provenance: { source: "EDM's data-set zip", ...zip.provenance, licence },
      batch: async indices => {
        expectIndices('edmZip', indices, zip.length);
        const x = new Uint8Array(indices.length * size);
        await concurrently(indices.length, i => read(indices[i], x, i));
        return { x, labels: zip.classes > 0 ? Int32Array.from(indices, i => zip.labels[i]) : new Int32Array(0) };
      },
      close: zip.close,
    };
  } catch (error) {
    await zip.close();
    throw error;
  }
};
