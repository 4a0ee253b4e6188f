/*
 * Preprocessing as part of a program on a device: bytes go up, the network's input is made there, bit for bit what
 * `preprocess` makes. Axis letters: B images, h w their pixels, c channels, H W pixels of the result.
 */
import { dot } from '../compute/xla/products';
import type { HloBuilder } from '../compute/xla/builder';
import type { Hlo } from '../compute/xla/hlo';
import { roundHalfEven } from '../datasets/pictures/centre-crop';
import { BITS, resizeMatrix, type ResizeKernel } from '../datasets/pictures/resize';
import { inputSize, lineOf, type Preprocessing, resizedSize } from './preprocessing';

/** Pillow's resize of one axis, in the same fixed point: x int32 [B, ...] of bytes; the axis becomes the last. */
const resizeAxis = (b: HloBuilder, x: Hlo, axis: number, to: number, kernel: ResizeKernel): Hlo => {
  const from = x.shape[axis];
  const weights = b.constant(resizeMatrix(from, to, kernel), [from, to], 'i32');
  const sums = dot(x, weights, { contracted: [[axis], [0]] }, { builder: b, precision: 'float32' });
  const rounded = b.elementwise('add', sums, b.like(sums, 2 ** (BITS - 1)));
  const whole = b.elementwise('shift_right_arithmetic', rounded, b.like(sums, BITS));
  return b.elementwise('minimum', b.elementwise('maximum', whole, b.like(whole, 0)), b.like(whole, 255));
};

/** Every byte's value by a table of 256 for each channel, as the host computes it. */
const valuesOf = (b: HloBuilder, x: Hlo, values: Preprocessing['values'], colours: readonly number[]): Hlo => {
  if (values === 'bytes') return b.convert(x, 'f32');
  const [B, H, W] = x.shape;
  const parts = colours.map((colour, i) => {
    const { slope, offset } = lineOf(values, colour);
    const table = Float32Array.from({ length: 256 }, (_, byte) => slope * byte + offset);
    const channel = b.reshape(b.slice(x, [0, 0, 0, i], [B, H, W, 1]), [B, H, W]);
    return b.reshape(b.gather(b.constant(table, [256], 'f32'), channel, 0), [B, H, W, 1]);
  });
  return b.concatenate(parts, 3);
};

/** The network's input, float32 in its layout, of bytes ui8 [B, h, w, c]. */
export const preprocessOnDevice = (b: HloBuilder, bytes: Hlo, preprocessing: Preprocessing): Hlo => {
  const { resize, crop, values, layout, channels } = preprocessing;
  let x = b.convert(bytes, 'i32'); // [B, h, w, c]
  const [B, h, w, c] = x.shape;
  const { h: height, w: width } = resizedSize(preprocessing, { h, w });
  if (resize.kernel !== 'none') {
    const kernel = resize.kernel.slice('pil-'.length) as ResizeKernel;
    if (width !== w) x = b.transpose(resizeAxis(b, x, 2, width, kernel), [0, 1, 3, 2]); // [B, h, c, W] to [B, h, W, c]
    if (height !== h) x = b.transpose(resizeAxis(b, x, 1, height, kernel), [0, 3, 1, 2]); // [B, W, c, H] to [B, H, W, c]
  }
  if (crop !== undefined) {
    const size = inputSize(preprocessing, { h, w });
    const [top, left] = [roundHalfEven((height - size.h) / 2), roundHalfEven((width - size.w) / 2)];
    x = b.slice(x, [0, top, left, 0], [B, size.h, size.w, c]);
  }
  const colours = channels === 'grey' ? [0] : channels === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  const { shape } = x;
  const channel = (i: number): Hlo => b.slice(x, [0, 0, 0, c === 1 ? 0 : i], [...shape.slice(0, 3), 1]);
  const same = c === colours.length && channels !== 'BGR';
  const coloured = same ? x : b.concatenate(colours.map(channel), 3);
  const result = valuesOf(b, coloured, values, colours);
  return layout === 'NCHW' ? b.transpose(result, [0, 3, 1, 2]) : result;
};
