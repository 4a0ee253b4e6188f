/*
 * Group normalisation takes means over groups of channels by a product with a constant matrix of equal blocks: few passes
 * on a processor. An accelerator would round that product, and carry the matrix; here it is a reduction again.
 */
import type { Value } from '../graph/graph';
import type { HloBuilder } from './builder';
import type { Hlo } from './hlo';

/** Blocks along the diagonal of a square matrix, all of one size and one value; 0 elsewhere. */
type Blocks = { size: number; weight: number };

const found = new WeakMap<Value, Blocks | 'none'>();

const search = ({ data, shape }: Value): Blocks | 'none' => {
  const [C, columns] = shape;
  if (!data || shape.length !== 2 || C !== columns || data[0] === 0) return 'none';
  const weight = data[0];
  let size = 1;
  while (size < C && data[size] === weight) size++;
  if (C % size !== 0) return 'none';
  for (let i = 0; i < C; i++)
    for (let j = 0; j < C; j++)
      if (data[i * C + j] !== (Math.floor(i / size) === Math.floor(j / size) ? weight : 0)) return 'none';
  return { size, weight };
};

/** The blocks of a constant matrix that spreads group means; undefined for any other value. */
export const groupBlocks = (value: Value): Blocks | undefined => {
  if (value.op !== 'constant') return undefined;
  const known = found.get(value) ?? search(value);
  found.set(value, known);
  return known === 'none' ? undefined : known;
};

/** x [B, C] times the matrix of these blocks: sums over groups, weighted, one for every channel. */
export const groupProduct = (b: HloBuilder, x: Hlo, { size, weight }: Blocks): Hlo => {
  const [B, C] = x.shape;
  const groups = [B, C / size];
  const sums = b.reduce(b.reshape(x, [...groups, size]), [2], 'add', 0);
  const means = b.elementwise('multiply', sums, b.like(sums, weight));
  return b.reshape(b.broadcastIn(means, [...groups, size], [0, 1]), x.shape);
};
