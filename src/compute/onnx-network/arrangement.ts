/* What only moves elements, and the arithmetic of shapes that goes with it. */
import * as tf from '@tensorflow/tfjs-core';
import { shapeSize } from '../host-arrays';
import type { Constant } from './onnx-graph';
import { asFile, asImage, fileShape, imageOf, inFileOrder, isConstant, type Operand } from './operand';
import { integersOf, type NodeReader, type Operator, type Operators } from './operator';

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** The same elements in another shape: of a tensor, or of integers. */
const reshaped = (x: Operand, shape: number[]): Operand =>
  isConstant(x) ? { ...x, shape } : inFileOrder(tf.reshape(asFile(x), shape));

const reshape: Operator = reader => {
  reader.expectAttributes('allowzero', 'shape');
  if (reader.number('allowzero', 0) !== 0) reader.refuse('allowzero is not known');
  return ([x, given]) => {
    const from = fileShape(x!);
    const asked = given ? integersOf(reader, given, 'shape') : (reader.numbers('shape') ?? reader.refuse('no shape'));
    const shape = asked.map((n, i) => (n === 0 ? from[i] : n));
    const rest = shapeSize(shape.filter(n => n !== -1));
    const whole = shape.map(n => (n === -1 ? shapeSize(from) / rest : n));
    if (shapeSize(whole) !== shapeSize(from) || !whole.every(Number.isInteger))
      reader.refuse(`[${from.join(', ')}] to [${asked.join(', ')}]`);
    return [reshaped(x!, whole)];
  };
};

const flatten: Operator = reader => {
  reader.expectAttributes('axis');
  return ([x]) => {
    const shape = fileShape(x!);
    const axis = axisOf(reader.number('axis', 1), shape.length);
    return [reshaped(x!, [shapeSize(shape.slice(0, axis)), shapeSize(shape.slice(axis))])];
  };
};

const axesOf = (reader: NodeReader, given: Operand | undefined): number[] | undefined =>
  given ? integersOf(reader, given, 'axes') : reader.numbers('axes');

const squeeze: Operator = reader => {
  reader.expectAttributes('axes');
  return ([x, given]) => {
    const shape = fileShape(x!);
    const axes = axesOf(reader, given)?.map(axis => axisOf(axis, shape.length));
    return [
      reshaped(
        x!,
        shape.filter((n, i) => (axes ? !axes.includes(i) : n !== 1)),
      ),
    ];
  };
};

const unsqueeze: Operator = reader => {
  reader.expectAttributes('axes');
  return ([x, given]) => {
    const from = [...fileShape(x!)];
    const asked = axesOf(reader, given) ?? reader.refuse('it has no axes');
    const axes = asked.map(axis => axisOf(axis, from.length + asked.length));
    const shape = Array.from({ length: from.length + axes.length }, (_, i) => (axes.includes(i) ? 1 : from.shift()!));
    return [reshaped(x!, shape)];
  };
};

const transpose: Operator = reader => {
  reader.expectAttributes('perm');
  return ([x]) => {
    const tensor = asFile(x!);
    return [inFileOrder(tf.transpose(tensor, reader.numbers('perm') ?? [...tensor.shape.keys()].reverse()))];
  };
};

const concat: Operator = reader => {
  reader.expectAttributes('axis');
  return inputs => {
    const parts = inputs.map(x => x!);
    if (parts.every(isConstant) && parts.every(part => part.integer)) {
      const data = Int32Array.from(parts.flatMap(part => [...part.data]));
      return [{ data, shape: [data.length], integer: true }];
    }
    const rank = fileShape(parts[0]).length;
    const axis = axisOf(reader.number('axis', 0), rank);
    if (rank === 4 && parts.some(part => !isConstant(part) && part.channelsLast))
      return [imageOf(tf.concat(parts.map(asImage), [0, 3, 1, 2][axis]))];
    return [inFileOrder(tf.concat(parts.map(asFile), axis))];
  };
};

const shapeOf: Operator = reader => {
  reader.expectAttributes('start', 'end');
  return ([x]) => {
    const data = Int32Array.from(fileShape(x!).slice(reader.number('start', 0), reader.node.attributes.end as number));
    return [{ data, shape: [data.length], integer: true }];
  };
};

const gather: Operator = reader => {
  reader.expectAttributes('axis');
  const axis = reader.number('axis', 0);
  return ([x, given]) => {
    const indices = given && isConstant(given) ? given : reader.refuse('its indices must not depend on the images');
    const shape = fileShape(x!);
    const at = axisOf(axis, shape.length);
    const whole = [...indices.data].map(i => (i < 0 ? i + shape[at] : i));
    if (whole.some(i => !(i >= 0 && i < shape[at]))) reader.refuse(`index beyond ${shape[at]}`);
    if (isConstant(x!)) {
      if (shape.length !== 1) reader.refuse('of constants of several axes');
      const from: Constant = x;
      return [
        { ...from, data: from.data.map((_, i) => from.data[whole[i]]).slice(0, whole.length), shape: indices.shape },
      ];
    }
    const taken = tf.gather(asFile(x!), tf.tensor1d(whole, 'int32'), at);
    return [inFileOrder(tf.reshape(taken, [...shape.slice(0, at), ...indices.shape, ...shape.slice(at + 1)]))];
  };
};

const slice: Operator = reader => {
  reader.expectAttributes('starts', 'ends', 'axes');
  return ([x, ...given]) => {
    const [starts, ends, axes, steps] = ['starts', 'ends', 'axes', 'steps'].map((name, i) =>
      given[i] ? integersOf(reader, given[i], name) : reader.numbers(name),
    );
    if (!starts || !ends) return reader.refuse('it has no starts and ends');
    if (steps?.some(step => step !== 1)) reader.refuse('steps other than 1 are not known');
    const shape = fileShape(x!);
    const [begin, end] = [shape.map(() => 0), [...shape]];
    starts.forEach((start, i) => {
      const axis = axisOf(axes?.[i] ?? i, shape.length);
      const within = (n: number): number => Math.max(0, Math.min(shape[axis], n < 0 ? n + shape[axis] : n));
      [begin[axis], end[axis]] = [within(start), Math.max(within(start), within(ends[i]))];
    });
    if (isConstant(x!)) return [{ ...x, data: x.data.slice(begin[0], end[0]), shape: [end[0] - begin[0]] }];
    return [
      inFileOrder(
        tf.slice(
          asFile(x!),
          begin,
          end.map((n, i) => n - begin[i]),
        ),
      ),
    ];
  };
};

const split: Operator = reader => {
  reader.expectAttributes('axis', 'split', 'num_outputs');
  return ([x, given]) => {
    const shape = fileShape(x!);
    const axis = axisOf(reader.number('axis', 0), shape.length);
    const count = reader.node.outputs.length;
    const even = Math.ceil(shape[axis] / count);
    const sizes =
      (given ? integersOf(reader, given, 'sizes') : reader.numbers('split')) ??
      Array.from({ length: count }, (_, i) => Math.min(even, shape[axis] - i * even));
    return tf.split(asFile(x!), sizes, axis).map(inFileOrder);
  };
};

const pad: Operator = reader => {
  reader.expectAttributes('mode', 'pads', 'value');
  if (reader.text('mode', 'constant') !== 'constant') reader.refuse('only the mode constant is known');
  return ([x, given, filling, axes]) => {
    if (axes) reader.refuse('axes are not known');
    const pads = given ? integersOf(reader, given, 'pads') : (reader.numbers('pads') ?? reader.refuse('no pads'));
    const value =
      filling && isConstant(filling) && filling.data.length > 0 ? filling.data[0] : reader.number('value', 0);
    const rank = pads.length / 2;
    const pairs = Array.from({ length: rank }, (_, i): [number, number] => [pads[i], pads[i + rank]]);
    if (pairs.flat().some(n => n < 0)) reader.refuse('negative pads are not known');
    if (rank !== 4) return [inFileOrder(tf.pad(asFile(x!), pairs, value))];
    return [imageOf(tf.pad(asImage(x!), [pairs[0], pairs[2], pairs[3], pairs[1]], value))];
  };
};

const expand: Operator = reader => {
  reader.expectAttributes();
  return ([x, given]) => {
    const [from, to] = [fileShape(x!), integersOf(reader, given, 'shape')];
    const rank = Math.max(from.length, to.length);
    const shape = Array.from({ length: rank }, (_, i) => {
      const [p, q] = [from[from.length - rank + i] ?? 1, to[to.length - rank + i] ?? 1];
      return Math.max(p, q);
    });
    return [inFileOrder(tf.broadcastTo(asFile(x!), shape))];
  };
};

export const ARRANGEMENT: Operators = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Shape: shapeOf,
  Gather: gather,
  Slice: slice,
  Split: split,
  Pad: pad,
  Expand: expand,
};
