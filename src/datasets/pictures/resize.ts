/* Resizing bytes exactly as the field's data sets and feature networks were resized. Axis letters: n images, h w c. */
import type { Images } from '../../compute/host-arrays';
import { expectInteger, expectKeys, expectOneOf, fail } from '../../compute/check';

/** The kernels of `resize`, equal to those of Pillow. */
export const RESIZE_KERNELS = ['box', 'bilinear', 'bicubic', 'lanczos'] as const;
/** What pixels are weighted by when the size changes. */
export type ResizeKernel = (typeof RESIZE_KERNELS)[number];

export type ResizeOptions = {
  /** Pixels. */
  height: number;
  /** Pixels. */
  width: number;
  kernel: ResizeKernel;
};

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const CUBIC = -0.5; // Keys' a

/** What a source pixel at distance x, in units of the coarser of the two grids, weighs; nothing beyond `support`. */
const KERNELS: Readonly<Record<ResizeKernel, { support: number; weight: (x: number) => number }>> = {
  box: { support: 0.5, weight: x => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: x => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight: x => {
      const t = Math.abs(x);
      if (t < 1) return ((CUBIC + 2) * t - (CUBIC + 3)) * t * t + 1;
      return t < 2 ? (((t - 5) * t + 8) * t - 4) * CUBIC : 0;
    },
  },
  lanczos: { support: 3, weight: x => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Which pixels of a line make each pixel of the resized line: `counts[i]` from `starts[i]` on, each with its weight. */
type Weights = {
  starts: Int32Array; // [to]
  counts: Int32Array; // [to]
  weights: Int32Array; // [to, longest] fixed point, rows of a sum near 2^BITS
  longest: number;
};

/** Bits after the point: a byte, its weight and the overshoot of the sharper kernels fit 32 bits with a sign. */
export const BITS = 22;
const HALF = 1 << (BITS - 1);

const computeWeights = (from: number, to: number, kernel: ResizeKernel): Weights => {
  const { support, weight } = KERNELS[kernel];
  const scale = from / to;
  const stretch = Math.max(1, scale); // antialias: when shrinking, the kernel covers what becomes one pixel
  const radius = support * stretch;
  const longest = Math.min(from, Math.ceil(radius) * 2 + 1);
  const [starts, counts, weights] = [new Int32Array(to), new Int32Array(to), new Int32Array(to * longest)];
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - radius + 0.5));
    const count = Math.min(from, Math.trunc(centre + radius + 0.5)) - start;
    const row = Array.from({ length: count }, (_, k) => weight((k + start - centre + 0.5) * (1 / stretch)));
    const sum = row.reduce((total, value) => total + value, 0);
    row.forEach((value, k) => {
      const fixed = (sum === 0 ? value : value / sum) * (1 << BITS);
      weights[i * longest + k] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    });
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, weights, longest };
};

const remembered = new Map<string, Weights>();
const MOST_REMEMBERED = 64; // a folder of photographs brings a new size with every file

const weightsFor = (from: number, to: number, kernel: ResizeKernel): Weights => {
  const key = `${kernel} ${from} ${to}`;
  const found = remembered.get(key) ?? computeWeights(from, to, kernel);
  remembered.delete(key); // the newest goes to the end
  remembered.set(key, found);
  const [oldest] = remembered.keys();
  if (remembered.size > MOST_REMEMBERED) remembered.delete(oldest);
  return found;
};

/**
 * The weights of a line of `from` pixels that becomes one of `to`, as a matrix [from, to] in fixed point: a pixel of the
 * result is (2^(BITS - 1) + the weighted sum of bytes) >> BITS, within 0 to 255.
 */
export const resizeMatrix = (from: number, to: number, kernel: ResizeKernel): Int32Array => {
  const { starts, counts, weights, longest } = weightsFor(from, to, kernel);
  const matrix = new Int32Array(from * to);
  for (let i = 0; i < to; i++)
    for (let k = 0; k < counts[i]; k++) matrix[(starts[i] + k) * to + i] = weights[i * longest + k];
  return matrix;
};

/** Resizes every line: [lines, from, c] to [lines, to, c]. */
const resizeLines = (
  source: Uint8Array,
  lines: number,
  from: number,
  c: number,
  to: number,
  by: Weights,
): Uint8Array => {
  const { starts, counts, weights, longest } = by;
  const result = new Uint8ClampedArray(lines * to * c);
  let out = 0;
  for (let line = 0; line < lines; line++) {
    const base = line * from * c;
    for (let i = 0; i < to; i++) {
      const first = base + starts[i] * c;
      const row = i * longest;
      const count = counts[i];
      if (c === 3) {
        let red = HALF;
        let green = HALF;
        let blue = HALF;
        for (let k = 0, at = first; k < count; k++, at += 3) {
          const w = weights[row + k];
          red = (red + Math.imul(source[at], w)) | 0;
          green = (green + Math.imul(source[at + 1], w)) | 0;
          blue = (blue + Math.imul(source[at + 2], w)) | 0;
        }
        result[out++] = red >> BITS;
        result[out++] = green >> BITS;
        result[out++] = blue >> BITS;
      } else
        for (let channel = 0; channel < c; channel++) {
          let sum = HALF;
          for (let k = 0, at = first + channel; k < count; k++, at += c)
            sum = (sum + Math.imul(source[at], weights[row + k])) | 0;
          result[out++] = sum >> BITS;
        }
    }
  }
  return new Uint8Array(result.buffer);
};

/** Resizes every column: [n, from, width] to [n, to, width], where a column is one channel of one column of pixels. */
const resizeColumns = (
  source: Uint8Array,
  n: number,
  from: number,
  width: number,
  to: number,
  by: Weights,
): Uint8Array => {
  const { starts, counts, weights, longest } = by;
  const result = new Uint8ClampedArray(n * to * width);
  const sums = new Int32Array(width);
  let out = 0;
  for (let image = 0; image < n; image++)
    for (let i = 0; i < to; i++) {
      sums.fill(HALF);
      const first = (image * from + starts[i]) * width;
      let k = 0;
      let row = i * longest;
      for (; k + 4 <= counts[i]; k += 4, row += 4) {
        // four rows at a time: twice as fast as one by one
        const a = weights[row];
        const b = weights[row + 1];
        const c = weights[row + 2];
        const d = weights[row + 3];
        let at = first + k * width;
        for (let j = 0; j < width; j++, at++)
          sums[j] =
            (sums[j] +
              Math.imul(source[at], a) +
              Math.imul(source[at + width], b) +
              Math.imul(source[at + 2 * width], c) +
              Math.imul(source[at + 3 * width], d)) |
            0;
      }
      for (; k < counts[i]; k++, row++) {
        const w = weights[row];
        const at = first + k * width;
        for (let j = 0; j < width; j++) sums[j] = (sums[j] + Math.imul(source[at + j], w)) | 0;
      }
      for (let j = 0; j < width; j++) result[out++] = sums[j] >> BITS;
    }
  return new Uint8Array(result.buffer);
};

/** Checks that `images` hold n images of h x w pixels of 1, 3 or 4 channels. @throws ArgumentError */
export const expectByteImages = (where: string, { data, n, h, w, c }: Images): void => {
  expectInteger(where, 'images.n', n);
  expectInteger(where, 'images.h', h, { min: 1 });
  expectInteger(where, 'images.w', w, { min: 1 });
  if (c !== 1 && c !== 3 && c !== 4) fail(where, 'images.c', '1, 3 or 4', c);
  if (!(data instanceof Uint8Array)) fail(where, 'images.data', 'a Uint8Array', data);
  if (data.length !== n * h * w * c) fail(where, 'images.data', `n * h * w * c = ${n * h * w * c} bytes`, data.length);
};

/**
 * Resizes images to `height` x `width` as Pillow's `Image.resize` does, byte for byte: a kernel widened by the factor of
 * shrinking (antialias), first along the lines, then along the columns, both in fixed point with bytes in between.
 * Channels are independent: four are Pillow's RGBX or CMYK, not RGBA, whose colours it weighs by alpha.
 * @throws ArgumentError for sizes below 1, unknown kernels, and data of another length than the sizes say
 */
export const resize = (images: Images, options: ResizeOptions): Images => {
  expectByteImages('resize', images);
  expectKeys('resize', options, ['height', 'width', 'kernel']);
  const height = expectInteger('resize', 'height', options.height, { min: 1 });
  const width = expectInteger('resize', 'width', options.width, { min: 1 });
  const kernel = expectOneOf('resize', 'kernel', options.kernel, RESIZE_KERNELS);
  const { n, h, w, c } = images;
  let { data } = images;
  if (width !== w) data = resizeLines(data, n * h, w, c, width, weightsFor(w, width, kernel));
  if (height !== h) data = resizeColumns(data, n, h, width * c, height, weightsFor(h, height, kernel));
  return { data: data === images.data ? new Uint8Array(data) : data, n, h: height, w: width, c };
};
