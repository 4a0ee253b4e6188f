/*
 * The random universe of `compute/noise` on the device: the same Philox4x32-10 at the same addresses. Uniform numbers are
 * equal bit for bit; normal ones go through float64 there as here, and differ where a logarithm or a cosine rounds
 * differently in its last digit.
 */
import { type Shape, shapeSize } from '../host-arrays';
import { philoxKey } from '../noise';
import type { HloBuilder } from './builder';
import type { Hlo } from './hlo';

const [M0, M1, W0, W1] = [0xd2511f53, 0xcd9e8d57, 0x9e3779b9, 0xbb67ae85];
const ROUNDS = 10;

/** Where a block of numbers lies: each a ui32 scalar of the module, but the stream, which is part of the module. */
export type DeviceAddress = {
  seed: readonly [low: Hlo, high: Hlo]; // or [rows]: each row's own
  stream: string;
  step: Hlo;
  first?: Hlo; // sample of the first row; without it every row is sample 0
};

/** Low and high words of a constant times x. */
const wideProduct = (b: HloBuilder, x: Hlo, constant: number): { low: Hlo; high: Hlo } => {
  const wide = b.convert(x, 'ui64');
  const whole = b.elementwise('multiply', wide, b.like(wide, constant));
  const high = b.elementwise('shift_right_logical', whole, b.like(whole, 32));
  return { low: b.elementwise('multiply', x, b.like(x, constant)), high: b.convert(high, 'ui32') };
};

const philox = (b: HloBuilder, counter: readonly Hlo[], key: readonly Hlo[]): Hlo[] => {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  const xor = (...values: Hlo[]): Hlo => values.reduce((x, y) => b.elementwise('xor', x, y));
  for (let round = 0; round < ROUNDS; round++) {
    const [p0, p1] = [wideProduct(b, c0, M0), wideProduct(b, c2, M1)];
    [c0, c1, c2, c3] = [xor(p1.high, c1, k0), p1.low, xor(p0.high, c3, k1), p0.low];
    k0 = b.elementwise('add', k0, b.like(k0, W0));
    k1 = b.elementwise('add', k1, b.like(k1, W1));
  }
  return [c0, c1, c2, c3];
};

/** Four random words for every block of four numbers: each [rows, blocks]. */
const words = (b: HloBuilder, { seed, stream, step, first }: DeviceAddress, rows: number, blocks: number): Hlo[] => {
  const shape = [rows, blocks];
  const spread = (x: Hlo): Hlo => b.broadcastIn(x, shape, x.shape.length === 0 ? [] : [0]);
  const sample = first ? b.elementwise('add', b.iota(shape, 0, 'ui32'), spread(first)) : b.splat(0, shape, 'ui32');
  const counter = [b.iota(shape, 1, 'ui32'), sample, spread(step), spread(seed[1])];
  return philox(b, counter, [spread(seed[0]), b.splat(philoxKey(stream), shape, 'ui32')]);
};

/** Columns [rows, blocks] side by side, cut to [rows, ...shape]. */
const arranged = (b: HloBuilder, columns: readonly Hlo[], rows: number, shape: Shape): Hlo => {
  const [, blocks] = columns[0].shape;
  const size = shapeSize(shape);
  const parts = columns.map(x => b.reshape(x, [rows, blocks, 1]));
  const whole = b.reshape(b.concatenate(parts, 2), [rows, blocks * columns.length]);
  const cut = size === blocks * columns.length ? whole : b.slice(whole, [0, 0], [rows, size]);
  return b.reshape(cut, [rows, ...shape]);
};

/** Uniform numbers in [0, 1), float32 [rows, ...shape]: row i belongs to sample `first + i`. */
export const deviceUniform = (b: HloBuilder, address: DeviceAddress, rows: number, shape: Shape): Hlo => {
  const columns = words(b, address, rows, Math.ceil(shapeSize(shape) / 4)).map(word => {
    const high = b.convert(b.elementwise('shift_right_logical', word, b.like(word, 8)), 'f32'); // 24 bits: exact
    return b.elementwise('multiply', high, b.like(high, 2 ** -24));
  });
  return arranged(b, columns, rows, shape);
};

/** Standard normal numbers, float32 [rows, ...shape], by Box and Muller: row i belongs to sample `first + i`. */
export const deviceNormal = (b: HloBuilder, address: DeviceAddress, rows: number, shape: Shape): Hlo => {
  const [u0, v0, u1, v1] = words(b, address, rows, Math.ceil(shapeSize(shape) / 4)).map(word => b.convert(word, 'f64'));
  const times = (x: Hlo, factor: number): Hlo => b.elementwise('multiply', x, b.like(x, factor));
  const pair = (u: Hlo, v: Hlo): Hlo[] => {
    const inside = times(b.elementwise('add', u, b.like(u, 0.5)), 2 ** -32);
    const radius = b.elementwise('sqrt', times(b.elementwise('log', inside), -2));
    const angle = times(v, 2 * Math.PI * 2 ** -32);
    return ['cosine', 'sine'].map(f => b.convert(b.elementwise('multiply', radius, b.elementwise(f, angle)), 'f32'));
  };
  return arranged(b, [...pair(u0, v0), ...pair(u1, v1)], rows, shape);
};
