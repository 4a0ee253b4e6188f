/*
 * Images that are carried to a machine which has neither the original files nor what reads them: all bytes in one file,
 * what they are in another. There they are the same data set, checked by their SHA-256.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/checkpoints';
import { shapeSize } from '../../src/compute/host-arrays';
import { type Dataset, DatasetError, indexRange } from '../../src/datasets';

type Description = Pick<Dataset, 'name' | 'sampleShape' | 'classes' | 'length' | 'provenance'> & { sha256: string };

const CHUNK = 5000;

/** Writes `folder/NAME.pixels`, a byte of label behind the pixels of each image that has one, and `folder/NAME.json`. */
export const writeCarried = async (dataset: Dataset, folder: string): Promise<void> => {
  const { name, sampleShape, classes, length, provenance } = dataset;
  const size = shapeSize(sampleShape) + (classes > 0 ? 1 : 0);
  const all = new Uint8Array(length * size);
  for (let first = 0; first < length; first += CHUNK) {
    const count = Math.min(CHUNK, length - first);
    const { x, labels } = await dataset.batch(indexRange(count, first));
    if (!(x instanceof Uint8Array)) throw new DatasetError(`${name}: only images in bytes are carried`);
    const pixels = x.length / count;
    for (let i = 0; i < count; i++) {
      all.set(x.subarray(i * pixels, (i + 1) * pixels), (first + i) * size);
      if (classes > 0) all[(first + i) * size + pixels] = labels[i];
    }
  }
  const sha256 = createHash('sha256').update(all).digest('hex');
  const description: Description = { name, sampleShape, classes, length, provenance, sha256 };
  await writeFileAtomic(join(folder, `${name}.pixels`), all);
  await writeFileAtomic(join(folder, `${name}.json`), `${JSON.stringify(description, null, 1)}\n`);
};

/** The data set that `writeCarried` wrote. @throws DatasetError where the bytes are other ones */
export const readCarried = async (folder: string, name: string): Promise<Dataset> => {
  const { sha256, ...described } = JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as Description;
  const all = await readFile(join(folder, `${name}.pixels`));
  if (createHash('sha256').update(all).digest('hex') !== sha256)
    throw new DatasetError(`${folder}/${name}.pixels is damaged: its SHA-256 is not ${sha256}`);
  const pixels = shapeSize(described.sampleShape);
  const size = pixels + (described.classes > 0 ? 1 : 0);
  return {
    ...described,
    batch: indices => {
      const x = new Uint8Array(indices.length * pixels);
      indices.forEach((index, i) => x.set(all.subarray(index * size, index * size + pixels), i * pixels));
      const labels = Int32Array.from(described.classes > 0 ? indices.map(index => all[index * size + pixels]) : []);
      return Promise.resolve({ x, labels });
    },
  };
};
