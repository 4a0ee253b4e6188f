/* Matrix products, softmax, reductions, and what changes an image's size. */
import type { Value } from '../graph';
import type { Emitter, Emitters, Lowering } from './lowering';
import { MICROSOFT } from './onnx-builder';

const lastTwoSwapped = (rank: number): number[] => [...Array(rank - 2).keys(), rank - 1, rank - 2];

/** a b times `scale`, either operand transposed as its attributes say. */
const product = (value: Value, scale: number, { builder, target, name }: Lowering): string => {
  const { transposeA, transposeB } = value.attributes as { transposeA: boolean; transposeB: boolean };
  const operands = value.inputs.map(name);
  if (target.extended && (transposeA || transposeB || scale !== 1)) {
    const attributes = { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: scale } };
    return builder.add('FusedMatMul', operands, attributes, MICROSOFT);
  }
  const [a, b] = [transposeA, transposeB].map((transposed, i) =>
    transposed ? builder.transpose(operands[i], lastTwoSwapped(value.inputs[i].shape.length)) : operands[i],
  );
  return builder.add('MatMul', [a, b]);
};

/** Products that carry a bias or a factor are written at the sum or product that they are part of. */
export const fusedProduct: Emitter = (value, lowering) => {
  const { builder, fusions, name } = lowering;
  const fusion = fusions.of.get(value);
  if (fusion?.kind === 'scaled product') return product(fusion.product, fusion.scale, lowering);
  if (fusion?.kind !== 'biased product') throw new Error(`no product at ${value.op}`);
  const { inputs, attributes, shape } = fusion.product;
  const bias = builder.reshape(name(fusion.bias), [shape[1]]);
  return builder.add('Gemm', [...inputs.map(name), bias], {
    transA: Number(attributes.transposeA),
    transB: Number(attributes.transposeB),
  });
};

const reduction =
  (op: string): Emitter =>
  ({ inputs: [x], attributes }, { builder, name }) =>
    builder.add(op, [name(x), builder.integers(attributes.axes as number[])], { keepdims: 1 });

export const PRODUCT_EMITTERS: Emitters = {
  matmul: (value, lowering) => product(value, 1, lowering),
  softmax: ({ inputs: [x], attributes }, { builder, name }) =>
    builder.add('Softmax', [name(x)], { axis: attributes.axis as number }),
  sum: reduction('ReduceSum'),
  sumSquare: reduction('ReduceSumSquare'),
  reduceMax: reduction('ReduceMax'),
  reduceMin: reduction('ReduceMin'),
  product: reduction('ReduceProd'),

  averagePool: ({ shape, inputs: [x], attributes }, { builder, name }) => {
    const [B, H, W, C] = shape;
    const [h, w] = attributes.factor as number[];
    // rows first: whole rows are added to each other, and what is left is smaller
    const windows = builder.reshape(name(x), [B * H, h, W * w * C]);
    const rows = h === 1 ? name(x) : builder.add('ReduceSum', [windows, builder.integers([1])], { keepdims: 0 });
    const columns = builder.reshape(rows, [B * H * W, w, C]);
    const sums = w === 1 ? rows : builder.add('ReduceSum', [columns, builder.integers([1])], { keepdims: 0 });
    return builder.reshape(builder.add('Mul', [sums, builder.float(1 / (h * w))]), shape);
  },

  repeatPixels: ({ shape, inputs: [x], attributes }, { builder, name }) => {
    const [B, H, W, C] = x.shape;
    const [h, w] = attributes.factor as number[];
    const repeat = (y: string, rows: number, row: number, times: number): string =>
      times === 1
        ? y
        : builder.add('Concat', Array<string>(times).fill(builder.reshape(y, [rows, 1, row])), { axis: 1 });
    const wide = repeat(name(x), B * H * W, C, w);
    return builder.reshape(repeat(wide, B * H, W * w * C, h), shape);
  },
};
