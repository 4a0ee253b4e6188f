import { expectInteger, expectShape, fail } from '../compute/check';
import type { Picture } from './figure';
import { drawSheet, type Pixels } from './sheet';

/** Images [n, h, w, c] in [-1, 1], c = 1 (grey) or 3 (red, green, blue). */
export type ImageBatch = { images: ArrayLike<number>; n: number; h: number; w: number; c: number };

/** Options of `imageGrid`. */
export type ImageGridOptions = ImageBatch & {
  /** Images in a row; default: about square. */
  columns?: number;
  /** Picture pixels per image pixel, half as many on screen; default 4. */
  scale?: number;
  /** Picture pixels between images; default 4. */
  gap?: number;
  /** Labels left of the rows. */
  rowLabels?: readonly string[];
  /** Labels above the columns. */
  columnLabels?: readonly string[];
  /** Title above the grid. */
  title?: string;
};

/** The images of a batch as bytes: -1 is 0, 1 is 255, values outside are clipped. */
export const toPixels = (where: string, { images, n, h, w, c }: ImageBatch): Pixels[] => {
  for (const [name, value] of Object.entries({ n, h, w, c })) expectInteger(where, name, value, { min: 1 });
  if (c !== 1 && c !== 3) fail(where, 'c', '1 or 3', c);
  expectShape(where, 'images', { shape: [images.length] }, [n * h * w * c]);
  return Array.from({ length: n }, (_, k) => {
    const rgb = new Uint8ClampedArray(h * w * 3); // rounds and clips
    for (let i = 0; i < rgb.length; i++) {
      const pixel = Math.floor(i / 3);
      rgb[i] = (images[(k * h * w + pixel) * c + (c === 3 ? i % 3 : 0)] + 1) * 127.5;
    }
    return { width: w, height: h, rgb };
  });
};

/**
 * A sheet of images, row by row, with labels at the left and on top.
 * @throws ArgumentError when the sizes do not agree with the number of values.
 * @example
 * await imageGrid({ images, n: 30, h: 16, w: 16, c: 1, columns: 10, rowLabels: ['1 step', '2 steps', '4 steps'] });
 */
export const imageGrid = async (options: ImageGridOptions): Promise<Picture> => {
  const { columns = Math.ceil(Math.sqrt(options.n)), scale = 4, gap = 4, rowLabels, columnLabels, title } = options;
  const where = 'imageGrid';
  expectInteger(where, 'columns', columns, { min: 1 });
  expectInteger(where, 'scale', scale, { min: 1 });
  expectInteger(where, 'gap', gap);
  const cells = toPixels(where, options);
  const png = await drawSheet({ cells, columns, scale, gap, rowLabels, columnLabels, title });
  return { title: title ?? '', png };
};
