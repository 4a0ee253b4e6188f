import type { Images } from '../../compute/host-arrays';
import { expectInteger, expectKeys } from '../../compute/check';
import { expectByteImages } from './resize';

/** The two source pixels of each pixel of a resized line, and how far it lies towards the second. */
const neighbours = (from: number, to: number): { near: Int32Array; far: Int32Array; part: Float64Array } => {
  const near = new Int32Array(to);
  const far = new Int32Array(to);
  const part = new Float64Array(to);
  for (let i = 0; i < to; i++) {
    const at = (i * from) / to;
    near[i] = Math.floor(at);
    far[i] = Math.min(near[i] + 1, from - 1);
    part[i] = at - near[i];
  }
  return { near, far, part };
};

/**
 * TensorFlow 1's `resize_bilinear` with its defaults (align_corners and half_pixel_centers false), which the FID network
 * was published with: pixel i of the result is read at i * from / to, without antialias; nothing is rounded.
 * @throws ArgumentError for sizes below 1, and data of another length than the sizes say
 */
export const resizeTensorflow1 = (images: Images, options: { height: number; width: number }): Images<Float32Array> => {
  expectByteImages('resizeTensorflow1', images);
  expectKeys('resizeTensorflow1', options, ['height', 'width']);
  const height = expectInteger('resizeTensorflow1', 'height', options.height, { min: 1 });
  const width = expectInteger('resizeTensorflow1', 'width', options.width, { min: 1 });
  const { data, n, h, w, c } = images;
  const [rows, columns] = [neighbours(h, height), neighbours(w, width)];
  const [upper, lower] = [new Float64Array(width * c), new Float64Array(width * c)];
  const result = new Float32Array(n * height * width * c);

  /** Row y of an image, resized along the line. */
  const line = (image: number, y: number, into: Float64Array): void => {
    const base = (image * h + y) * w * c;
    for (let j = 0, out = 0; j < width; j++) {
      const [a, b] = [base + columns.near[j] * c, base + columns.far[j] * c];
      for (let channel = 0; channel < c; channel++, out++)
        into[out] = data[a + channel] + (data[b + channel] - data[a + channel]) * columns.part[j];
    }
  };

  let out = 0;
  for (let image = 0; image < n; image++)
    for (let i = 0; i < height; i++) {
      if (i === 0 || rows.near[i] !== rows.near[i - 1]) {
        line(image, rows.near[i], upper);
        line(image, rows.far[i], lower);
      }
      const part = rows.part[i];
      for (let j = 0; j < upper.length; j++) result[out++] = upper[j] + (lower[j] - upper[j]) * part;
    }
  return { data: result, n, h: height, w: width, c };
};
