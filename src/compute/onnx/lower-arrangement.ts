/* What moves elements without changing them, and constants. */
import { arrayOf, sizeOfValue, splatOf, type Value } from '../graph';
import type { Emitters } from './lowering';

export const ARRANGEMENT_EMITTERS: Emitters = {
  constant: ({ data, shape, dtype, attributes }, { builder }) =>
    builder.constant(data!, shape, dtype, `${dtype} [${shape}] ${String(attributes.hash)}`),
  splat: (value, { builder }) => {
    const one = builder.constant(arrayOf(value.dtype, [splatOf(value)!]), [], value.dtype);
    return sizeOfValue(value) === 1 && value.shape.length === 0
      ? one
      : builder.add('Expand', [one, builder.integers(value.shape)]);
  },
  broadcast: ({ inputs: [x], shape }, { builder, name }) => {
    const repeated = shape.map((n, i) => (n === x.shape[i] ? 1 : n)); // 1: as it is
    return builder.add('Expand', [name(x), builder.integers(repeated)]);
  },
  reshape: ({ inputs: [x], shape }, { builder, name }) => builder.reshape(name(x), shape),
  transpose: ({ inputs: [x], attributes }, { builder, name }) =>
    builder.transpose(name(x), attributes.order as number[]),

  concat: ({ inputs, attributes }, { builder, name, target }) => {
    let parts = inputs.map(name);
    while (parts.length > 1) {
      const joined: string[] = [];
      for (let i = 0; i < parts.length; i += target.maxParts) {
        const some = parts.slice(i, i + target.maxParts);
        joined.push(some.length === 1 ? some[0] : builder.add('Concat', some, { axis: attributes.axis as number }));
      }
      parts = joined;
    }
    return parts[0];
  },

  slice: (value, { builder, name, bind, fusions }) => {
    const { shape, attributes } = value;
    const [x] = value.inputs;
    const fusion = fusions.of.get(value);
    if (fusion?.kind === 'split') {
      const { axis, parts } = fusion;
      const sizes = builder.integers(parts.map((part: Value) => part.shape[axis]));
      const names = builder.addMany('Split', [name(x), sizes], parts.length, { axis });
      parts.forEach((part, i) => {
        bind(part, names[i]);
      });
      return name(value);
    }
    const begin = attributes.begin as number[];
    const axes = shape.map((_, i) => i).filter(i => shape[i] !== x.shape[i]);
    const of = (f: (axis: number) => number): string => builder.integers(axes.map(f));
    const bounds = [of(i => begin[i]), of(i => begin[i] + shape[i]), of(i => i)];
    return builder.add('Slice', [name(x), ...bounds]);
  },

  pad: ({ inputs: [x], attributes, dtype }, { builder, name }) => {
    const paddings = attributes.paddings as [number, number][];
    const amounts = builder.integers([...paddings.map(p => p[0]), ...paddings.map(p => p[1])]);
    const value = builder.constant(arrayOf(dtype, [attributes.value as number]), [], dtype);
    return builder.add('Pad', [name(x), amounts, value]);
  },

  gather: ({ inputs: [x, indices], attributes }, { builder, name }) =>
    builder.add('Gather', [name(x), name(indices)], { axis: attributes.axis as number }),
};
