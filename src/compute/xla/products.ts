import type { Shape } from '../host-arrays';
import type { Emission, Precision } from './emitter';
import type { Hlo, HloAttributes } from './hlo';

const exactness = (precision: Precision): HloAttributes => {
  const name = precision === 'float32' ? 'HIGHEST' : 'DEFAULT';
  return { precision_config: { text: `[#stablehlo<precision ${name}>, #stablehlo<precision ${name}>]` } };
};

/** A product of two values as precise as the lowering asks; for bf16 its operands are rounded, and the result is float32. */
const product = (
  op: string,
  operands: readonly Hlo[],
  shape: Shape,
  attributes: HloAttributes,
  { builder, precision }: Pick<Emission, 'builder' | 'precision'>,
): Hlo => {
  const all = { ...attributes, ...exactness(precision) };
  if (precision !== 'bf16') return builder.op(op, operands, shape, operands[0].type, all);
  const rounded = operands.map(x => builder.convert(x, 'bf16'));
  // cuDNN has no convolution from bfloat16 to float32; matrix products do accumulate and end in float32
  if (op === 'dot_general') return builder.op(op, rounded, shape, operands[0].type, all);
  return builder.convert(builder.op(op, rounded, shape, 'bf16', all), operands[0].type);
};

/** Which axes of both operands of a product are summed over, and which are carried along. */
export type DotAxes = { batch?: readonly number[]; contracted: readonly [readonly number[], readonly number[]] };

/** The sum of products over the contracted axes: axes carried along, then the first operand's others, then the second's. */
export const dot = (
  a: Hlo,
  b: Hlo,
  { batch = [], contracted }: DotAxes,
  emission: Pick<Emission, 'builder' | 'precision'>,
): Hlo => {
  const free = ({ shape }: Hlo, side: 0 | 1): number[] =>
    shape.filter((_, i) => !batch.includes(i) && !contracted[side].includes(i));
  const numbers =
    `#stablehlo.dot<lhs_batching_dimensions = [${batch.join(', ')}], rhs_batching_dimensions = [${batch.join(', ')}],` +
    ` lhs_contracting_dimensions = [${contracted[0].join(', ')}],` +
    ` rhs_contracting_dimensions = [${contracted[1].join(', ')}]>`;
  const shape = [...batch.map(axis => a.shape[axis]), ...free(a, 0), ...free(b, 1)];
  return product('dot_general', [a, b], shape, { dot_dimension_numbers: { text: numbers } }, emission);
};

/** How a convolution moves over its input; every pair is [height, width]. */
export type Window = {
  strides: readonly number[];
  low: readonly number[]; // padding before
  high: readonly number[]; // and after
  lhsDilation: readonly number[];
  rhsDilation: readonly number[];
};

/** A convolution; `numbers` names the axes of input, filter and result in StableHLO's way. */
export const convolve = (
  x: Hlo,
  filter: Hlo,
  shape: Shape,
  numbers: string,
  { strides, low, high, lhsDilation, rhsDilation }: Window,
  emission: Pick<Emission, 'builder' | 'precision'>,
  groups = 1,
): Hlo => {
  const attributes: HloAttributes = {
    window_strides: { i64s: strides },
    padding: { matrix: low.map((n, i) => [n, high[i]]) },
    lhs_dilation: { i64s: lhsDilation },
    rhs_dilation: { i64s: rhsDilation },
    window_reversal: { bools: [false, false] },
    dimension_numbers: { text: `#stablehlo.conv<${numbers}>` },
    feature_group_count: { i64: groups },
    batch_group_count: { i64: 1 },
  };
  return product('convolution', [x, filter], shape, attributes, emission);
};
