/* Data sets made of others, image by image. */
import { expectInteger, fail } from '../compute/check';
import type { Dataset } from './dataset';

/** Bytes of a batch of images, or an error that names the function. */
const bytesOf = (where: string, { name }: Dataset, x: Uint8Array | Float32Array): Uint8Array =>
  x instanceof Uint8Array ? x : fail(where, `samples of '${name}'`, 'images in bytes', x);

/**
 * Smaller images: each pixel the mean of factor x factor, rounded.
 * @throws ArgumentError when the factor does not divide the sides
 */
export const downsampled = (dataset: Dataset, factor: number): Dataset => {
  const [H, W, C] = dataset.sampleShape;
  expectInteger('downsampled', 'factor', factor, { min: 1 });
  if (H % factor !== 0 || W % factor !== 0) fail('downsampled', 'factor', `a divisor of ${H} and ${W}`, factor);
  const [h, w] = [H / factor, W / factor];
  const shrink = (x: Uint8Array, n: number): Uint8Array => {
    const small = new Uint8Array(n * h * w * C);
    for (let row = 0; row < n * h; row++)
      for (let column = 0; column < w; column++)
        for (let c = 0; c < C; c++) {
          let sum = 0;
          for (let i = 0; i < factor; i++)
            for (let j = 0; j < factor; j++) sum += x[((row * factor + i) * W + column * factor + j) * C + c];
          small[(row * w + column) * C + c] = Math.round(sum / factor ** 2);
        }
    return small;
  };
  return {
    ...dataset,
    name: `${dataset.name}-${h}`,
    sampleShape: [h, w, C],
    provenance: { ...dataset.provenance, downsampled: factor },
    batch: async indices => {
      const { x, labels } = await dataset.batch(indices);
      return { x: shrink(bytesOf('downsampled', dataset, x), indices.length), labels };
    },
  };
};

/** Every image and its mirror image: the mirror images follow the others (EDM's `xflip`). */
export const mirrored = (dataset: Dataset): Dataset => {
  const [H, W, C] = dataset.sampleShape;
  const { length } = dataset;
  const flip = (x: Uint8Array, i: number): void => {
    for (let row = i * H; row < (i + 1) * H; row++)
      for (let left = 0, right = W - 1; left < right; left++, right--)
        for (let c = 0; c < C; c++) {
          const [a, b] = [(row * W + left) * C + c, (row * W + right) * C + c];
          [x[a], x[b]] = [x[b], x[a]];
        }
  };
  return {
    ...dataset,
    length: 2 * length,
    provenance: { ...dataset.provenance, mirrored: 1 },
    batch: async indices => {
      const { x, labels } = await dataset.batch(indices.map(index => index % length));
      const bytes = bytesOf('mirrored', dataset, x);
      indices.forEach((index, i) => {
        if (index >= length) flip(bytes, i);
      });
      return { x: bytes, labels };
    },
  };
};
