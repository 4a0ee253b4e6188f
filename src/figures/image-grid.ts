import { expectInteger, expectShape, fail } from '../compute/check';
import type { Samples } from '../compute/host-arrays';
import type { Picture } from './figure';
import { drawSheet, type Pixels } from './sheet';

/** Options of `imageGrid`. */
export type ImageGridOptions = {
  /**
   * Pictures [h, w, 1] (grey) or [h, w, 3] (red, green, blue) in [-1, 1], as samplers and `readSamples` return them; several,
   * all of one shape, follow one another.
   */
  images: Samples | readonly Samples[];
  /** Images in a row; default: one row for each of several, else about square. */
  columns?: number;
  /** Picture pixels per image pixel, half as many on screen; default: images 64 picture pixels wide. */
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

/** Height, width and channels of samples that are pictures. */
const expectPictures = (where: string, name: string, { data, n, shape }: Samples): [number, number, number] => {
  expectInteger(where, `n of ${name}`, n, { min: 1 });
  const [h, w, c] = shape;
  if (shape.length !== 3 || (c !== 1 && c !== 3)) fail(where, name, 'pictures of shape [h, w, 1] or [h, w, 3]', shape);
  expectShape(where, `data of ${name}`, { shape: [data.length] }, [n * h * w * c]);
  return [h, w, c];
};

/** The images as bytes: -1 is 0, 1 is 255, values outside are clipped. */
export const toPixels = (where: string, name: string, samples: Samples): Pixels[] => {
  const [h, w, c] = expectPictures(where, name, samples);
  const { data, n } = samples;
  return Array.from({ length: n }, (_, k) => {
    const rgb = new Uint8ClampedArray(h * w * 3); // rounds and clips
    for (let i = 0; i < rgb.length; i++) {
      const pixel = Math.floor(i / 3);
      rgb[i] = (data[(k * h * w + pixel) * c + (c === 3 ? i % 3 : 0)] + 1) * 127.5;
    }
    return { width: w, height: h, rgb };
  });
};

const WIDTH = 64; // picture pixels of an image, where nothing else is said

/**
 * A sheet of images, row by row, with labels at the left and on top.
 * @throws ArgumentError when samples are no pictures, have too many or too few values, or differ in shape.
 * @example
 * const seeds = [0, 1, 2, 3];
 * const rows = [await run.sample({ seeds, steps: 1 }), await run.sample({ seeds, steps: 4 })];
 * await imageGrid({ images: rows, rowLabels: ['1 step', '4 steps'] });
 */
export const imageGrid = async (options: ImageGridOptions): Promise<Picture> => {
  const where = 'imageGrid';
  const parts = 'data' in options.images ? [options.images] : options.images;
  if (parts.length === 0) fail(where, 'images', 'at least one batch of samples', 'none');
  const [{ n, shape }] = parts;
  for (const part of parts.slice(1)) expectShape(where, 'images', { shape: [...part.shape] }, shape);
  const { columns = parts.length > 1 ? n : Math.ceil(Math.sqrt(n)) } = options;
  const { scale = Math.max(1, Math.round(WIDTH / shape[1])), gap = 4, rowLabels, columnLabels, title } = options;
  expectInteger(where, 'columns', columns, { min: 1 });
  const cells = parts.flatMap(part => toPixels(where, 'images', part));
  expectInteger(where, 'scale', scale, { min: 1 });
  expectInteger(where, 'gap', gap);
  const png = await drawSheet({ cells, columns, scale, gap, rowLabels, columnLabels, title });
  return { title: title ?? '', png };
};
