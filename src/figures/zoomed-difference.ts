import { interpolateRgb, piecewise, rgb } from 'd3';
import { expectShape } from '../compute/check';
import type { Samples } from '../compute/host-arrays';
import type { Picture } from './figure';
import { toPixels } from './image-grid';
import { drawSheet, type Pixels } from './sheet';

/** Options of `zoomedDifference`. */
export type DifferenceOptions = {
  /** Pictures [h, w, 1] or [h, w, 3] in [-1, 1], e.g. drawn in two steps. */
  a: Samples;
  /** The same images by other means, e.g. in four steps. */
  b: Samples;
  /** Row labels of a and b. */
  labels: readonly [a: string, b: string];
  /** Labels above the columns. */
  columnLabels?: readonly string[];
  /** Picture pixels per image pixel, half as many on screen; default 10. */
  scale?: number;
  /** Title above the sheet. */
  title?: string;
};

/** Blue, white where nothing changed, red. */
const CHANGE: (place: number) => string = piecewise(interpolateRgb, [
  '#053061',
  '#4393c3',
  '#ffffff',
  '#d6604d',
  '#67001f',
]);

/** A value as a picture shows it. */
const shown = (value: number): number => Math.max(-1, Math.min(1, value));

/** b - a as they are shown, the mean over channels: blue where b is darker, red where it is brighter. */
const signed = (a: Samples, b: Samples): { cells: Pixels[]; largest: number } => {
  const { n } = a;
  const [h, w, c] = a.shape;
  const changes = Float64Array.from({ length: n * h * w }, (_, pixel) => {
    let sum = 0;
    for (let channel = 0; channel < c; channel++)
      sum += shown(b.data[pixel * c + channel]) - shown(a.data[pixel * c + channel]);
    return sum / c;
  });
  const largest = Math.max(
    changes.reduce((most, change) => Math.max(most, Math.abs(change)), 0),
    1e-6,
  );
  const colors = Array.from({ length: 511 }, (_, i) => rgb(CHANGE(i / 510)));
  const cells = Array.from({ length: n }, (_, k) => {
    const bytes = new Uint8ClampedArray(h * w * 3);
    for (let pixel = 0; pixel < h * w; pixel++) {
      const { r, g, b: blue } = colors[Math.round(255 * (1 + changes[k * h * w + pixel] / largest))];
      bytes.set([r, g, blue], 3 * pixel);
    }
    return { width: w, height: h, rgb: bytes };
  });
  return { cells, largest };
};

/**
 * What changed between two batches: rows a, b and b - a enlarged, one image a column. The colours of the difference
 * span the largest change, which the note under the picture states.
 * @throws ArgumentError when a and b are no pictures or differ in number or shape.
 */
export const zoomedDifference = async (options: DifferenceOptions): Promise<Picture> => {
  const { a, b, labels, columnLabels, scale = 10, title } = options;
  const where = 'zoomedDifference';
  const rows = [...toPixels(where, 'a', a), ...toPixels(where, 'b', b)];
  expectShape(where, 'b', { shape: [b.n, ...b.shape] }, [a.n, ...a.shape]);
  const { cells, largest } = signed(a, b);
  const png = await drawSheet({
    cells: [...rows, ...cells],
    columns: a.n,
    scale,
    gap: 8,
    rowLabels: [...labels, 'difference'],
    columnLabels,
    title,
    note: `difference: ${labels[1]} minus ${labels[0]}, from −${largest.toFixed(2)} (blue) to ${largest.toFixed(2)} (red) of a range of 2`,
  });
  return { title: title ?? '', png };
};
