/* Constants, and what only moves elements. */
import { splatOf } from '../graph/graph';
import { type Emitters, operand, typeOf } from './emitter';

export const ARRANGEMENT_EMITTERS: Emitters = {
  constant: (value, { builder }) => builder.constant(value.data!, value.shape, typeOf(value)),
  splat: (value, { builder }) => builder.splat(splatOf(value)!, value.shape, typeOf(value)),
  broadcast: ({ inputs: [x], shape }, emission) => operand(x, shape, emission),
  reshape: ({ inputs: [x], shape }, { builder, of }) => builder.reshape(of(x), shape),
  transpose: ({ inputs: [x], attributes }, { builder, of }) => builder.transpose(of(x), attributes.order as number[]),
  concat: ({ inputs, attributes }, { builder, of }) => builder.concatenate(inputs.map(of), attributes.axis as number),
  slice: ({ inputs: [x], attributes, shape }, { builder, of }) =>
    builder.slice(of(x), attributes.begin as number[], shape),
  pad: (value, { builder, of }) => {
    const paddings = value.attributes.paddings as [number, number][];
    const fill = builder.splat(value.attributes.value as number, [], typeOf(value));
    return builder.op('pad', [of(value.inputs[0]), fill], value.shape, typeOf(value), {
      edge_padding_low: { i64s: paddings.map(([low]) => low) },
      edge_padding_high: { i64s: paddings.map(([, high]) => high) },
      interior_padding: { i64s: paddings.map(() => 0) },
    });
  },
  gather: ({ inputs: [x, indices], attributes }, { builder, of }) =>
    builder.gather(of(x), of(indices), attributes.axis as number),
};
