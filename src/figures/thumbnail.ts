import type { Samples } from '../compute/host-arrays';
import { toPixels } from './image-grid';
import { palette } from './theme';

/** Side of a thumbnail in picture pixels, about; shown at half of it. */
const SIDE = 192;

/** Points are drawn within so many units of the origin. */
const EXTENT = 1.5;

const dataUrl = async (rgb: Uint8Array | Uint8ClampedArray, width: number, height: number): Promise<string> => {
  const { default: sharp } = await import('sharp');
  const raw = { width, height, channels: 3 as const };
  const scale = Math.max(1, Math.round(SIDE / width));
  const pipeline: { toBuffer: () => Promise<Buffer> } = sharp(rgb, { raw })
    .resize(width * scale, height * scale, { kernel: 'nearest' })
    .png({ compressionLevel: 9 });
  return `data:image/png;base64,${(await pipeline.toBuffer()).toString('base64')}`;
};

/** Pictures [h, w, 1] or [h, w, 3] as one about square sheet, without gaps. */
const sheetOf = (samples: Samples): Promise<string> => {
  const cells = toPixels('thumbnail', 'samples', samples);
  const [{ width, height }] = cells;
  const columns = Math.ceil(Math.sqrt(cells.length));
  const rows = Math.ceil(cells.length / columns);
  const rgb = new Uint8Array(3 * columns * width * rows * height).fill(255);
  for (const [k, cell] of cells.entries())
    for (let y = 0; y < height; y++) {
      const [left, top] = [(k % columns) * width, Math.floor(k / columns) * height + y];
      rgb.set(cell.rgb.subarray(3 * y * width, 3 * (y + 1) * width), 3 * (top * columns * width + left));
    }
  return dataUrl(rgb, columns * width, rows * height);
};

/** Points of the plane, a dot each, seen from -1.5 to 1.5 with y upwards. */
const dotsOf = ({ data, n }: Samples): Promise<string> => {
  const rgb = new Uint8Array(3 * SIDE * SIDE).fill(255);
  const ink = [1, 3, 5].map(at => parseInt(palette[0].slice(at, at + 2), 16));
  const pixel = (value: number): number => Math.round(((value / EXTENT + 1) / 2) * (SIDE - 2));
  for (let k = 0; k < n; k++) {
    const [left, top] = [pixel(data[2 * k]), pixel(-data[2 * k + 1])];
    if (!(left >= 0 && top >= 0 && left < SIDE - 1 && top < SIDE - 1)) continue;
    for (const at of [top * SIDE + left, top * SIDE + left + 1, (top + 1) * SIDE + left, (top + 1) * SIDE + left + 1])
      rgb.set(ink, 3 * at);
  }
  return dataUrl(rgb, SIDE, SIDE);
};

/**
 * Samples as one small picture, for a chart that shows many: a sheet of images [h, w, 1] or [h, w, 3], or the cloud of
 * points of the plane. A PNG as `data:` URL, so that the chart loads nothing.
 * @returns nothing for samples that are neither, such as latents
 */
export const thumbnail = async (samples: Samples): Promise<string | undefined> => {
  const { shape, n } = samples;
  if (n === 0) return undefined;
  if (shape.length === 1 && shape[0] === 2) return dotsOf(samples);
  if (shape.length === 3 && (shape[2] === 1 || shape[2] === 3)) return sheetOf(samples);
  return undefined;
};
