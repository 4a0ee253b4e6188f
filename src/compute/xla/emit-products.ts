/* Matrix products, softmax, reductions, and what changes an image's size. */
import type { Emission, Emitter, Emitters } from './emitter';
import { operand } from './emitter';
import { groupBlocks, groupProduct } from './group-means';
import type { Hlo, Reducer } from './hlo';
import { dot } from './products';

/** What a reduction starts from, where that depends on the type. */
const LIMITS = { maximum: [-Infinity, -(2 ** 31)], minimum: [Infinity, 2 ** 31 - 1] } as const;

/** Reduced axes stay with size 1, as in the graph. */
const reduction =
  (reducer: Reducer): Emitter =>
  ({ inputs: [x], attributes, shape, dtype }, { builder, of }) => {
    const [float, integer] = reducer === 'add' ? [0, 0] : reducer === 'multiply' ? [1, 1] : LIMITS[reducer];
    const initial = dtype === 'float32' ? float : integer;
    return builder.reshape(builder.reduce(of(x), attributes.axes as number[], reducer, initial), shape);
  };

const matmul: Emitter = (value, emission) => {
  const { transposeA, transposeB } = value.attributes as { transposeA: boolean; transposeB: boolean };
  const rank = value.shape.length;
  const batch = value.shape.slice(0, -2);
  const [left, right] = value.inputs;
  const blocks = rank === 2 && !transposeA ? groupBlocks(right) : undefined; // symmetric: transposeB changes nothing
  if (blocks) return groupProduct(emission.builder, emission.of(left), blocks);
  const [a, b] = [left, right].map(x => operand(x, [...batch, ...x.shape.slice(-2)], emission));
  return dot(
    a,
    b,
    {
      batch: batch.map((_, i) => i),
      contracted: [[transposeA ? rank - 2 : rank - 1], [transposeB ? rank - 1 : rank - 2]],
    },
    emission,
  );
};

const softmax: Emitter = ({ inputs: [x], attributes, shape }, { builder: b, of }: Emission) => {
  const axis = attributes.axis as number;
  const others = shape.map((_, i) => i).filter(i => i !== axis);
  const along = (y: Hlo, reducer: Reducer, initial: number): Hlo =>
    b.broadcastIn(b.reduce(y, [axis], reducer, initial), shape, others);
  const y = of(x);
  const powers = b.elementwise('exponential', b.elementwise('subtract', y, along(y, 'maximum', -Infinity)));
  return b.elementwise('divide', powers, along(powers, 'add', 0));
};

export const PRODUCT_EMITTERS: Emitters = {
  matmul,
  softmax,
  sum: reduction('add'),
  product: reduction('multiply'),
  reduceMax: reduction('maximum'),
  reduceMin: reduction('minimum'),
  sumSquare: ({ inputs: [x], attributes, shape }, { builder, of }) => {
    const y = of(x);
    const squares = builder.elementwise('multiply', y, y);
    return builder.reshape(builder.reduce(squares, attributes.axes as number[], 'add', 0), shape);
  },
  averagePool: ({ inputs: [x], attributes, shape }, { builder, of }) => {
    const [B, H, W, C] = shape;
    const [h, w] = attributes.factor as number[];
    const sums = builder.reduce(builder.reshape(of(x), [B, H, h, W, w, C]), [2, 4], 'add', 0);
    return builder.elementwise('multiply', sums, builder.like(sums, 1 / (h * w)));
  },
  repeatPixels: ({ inputs: [x], attributes, shape }, { builder, of }) => {
    const [B, H, W, C] = x.shape;
    const [h, w] = attributes.factor as number[];
    return builder.reshape(builder.broadcastIn(of(x), [B, H, h, W, w, C], [0, 1, 3, 5]), shape);
  },
};
