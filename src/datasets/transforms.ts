/* Data sets made of others, image by image. Axis letters: [n, H, W, C]. */
import { expectInteger, expectOneOf, fail } from '../compute/check';
import { type Dataset, expectIndices } from './dataset';
import { resize, RESIZE_KERNELS, type ResizeKernel } from './pictures/resize';

/** Bytes of a batch of images, or an error that names the function. */
const bytesOf = (where: string, { name }: Dataset, x: Uint8Array | Float32Array): Uint8Array =>
  x instanceof Uint8Array ? x : fail(where, `samples of '${name}'`, 'images in bytes', x);

/** [H, W, C] of a data set of images, or an error that names the function. */
const imageShape = (where: string, { name, sampleShape }: Dataset): readonly [H: number, W: number, C: number] =>
  sampleShape.length === 3
    ? (sampleShape as [number, number, number])
    : fail(where, `samples of '${name}'`, 'images [H, W, C]', sampleShape);

/** What changes every image alone. */
type ImageChange = {
  where: string;
  side: string; // for the name
  sampleShape: readonly number[];
  note: Dataset['provenance'];
  change: (x: Uint8Array, n: number) => Uint8Array;
};

const changed = (dataset: Dataset, { where, side, sampleShape, note, change }: ImageChange): Dataset => ({
  ...dataset,
  name: `${dataset.name}-${side}`,
  sampleShape,
  provenance: { ...dataset.provenance, ...note },
  batch: async indices => {
    const { x, labels } = await dataset.batch(indices);
    return { x: change(bytesOf(where, dataset, x), indices.length), labels };
  },
});

/**
 * Smaller images: each pixel the mean of factor x factor, rounded.
 * @throws ArgumentError when the factor does not divide the sides
 */
export const downsampled = (dataset: Dataset, factor: number): Dataset => {
  const [H, W, C] = imageShape('downsampled', dataset);
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
  const note = { downsampled: factor };
  return changed(dataset, { where: 'downsampled', side: String(h), sampleShape: [h, w, C], note, change: shrink });
};

/**
 * Images of side x side pixels, resized as Pillow does with that kernel: `resized(mnist, 16, 'box')`.
 * @throws ArgumentError for a side below 1 and unknown kernels
 */
export const resized = (dataset: Dataset, side: number, kernel: ResizeKernel = 'lanczos'): Dataset => {
  const [h, w, c] = imageShape('resized', dataset);
  expectInteger('resized', 'side', side, { min: 1 });
  expectOneOf('resized', 'kernel', kernel, RESIZE_KERNELS);
  return changed(dataset, {
    where: 'resized',
    side: String(side),
    sampleShape: [side, side, c],
    note: { resized: side, kernel },
    change: (data, n) => resize({ data, n, h, w, c }, { height: side, width: side, kernel }).data,
  });
};

/**
 * Images with `border` black pixels on every side: 2 makes MNIST 32 x 32, as EDM's dataset tool does.
 * @throws ArgumentError for a border below 0
 */
export const padded = (dataset: Dataset, border: number): Dataset => {
  const [H, W, C] = imageShape('padded', dataset);
  expectInteger('padded', 'border', border);
  const [h, w] = [H + 2 * border, W + 2 * border];
  const pad = (x: Uint8Array, n: number): Uint8Array => {
    const large = new Uint8Array(n * h * w * C);
    for (let i = 0; i < n; i++)
      for (let row = 0; row < H; row++) {
        const from = (i * H + row) * W * C;
        large.set(x.subarray(from, from + W * C), ((i * h + row + border) * w + border) * C);
      }
    return large;
  };
  const note = { padded: border };
  return changed(dataset, { where: 'padded', side: String(h), sampleShape: [h, w, C], note, change: pad });
};

/** Every image and its mirror image: the mirror images follow the others (EDM's `xflip`). */
export const mirrored = (dataset: Dataset): Dataset => {
  const [H, W, C] = imageShape('mirrored', dataset);
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
      expectIndices('mirrored', indices, 2 * length);
      const { x, labels } = await dataset.batch(indices.map(index => index % length));
      const bytes = bytesOf('mirrored', dataset, x);
      indices.forEach((index, i) => {
        if (index >= length) flip(bytes, i);
      });
      return { x: bytes, labels };
    },
  };
};
