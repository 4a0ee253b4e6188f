/* Nodes whose result the file alone decides: computed once, on the host, when the network is read. */
import { shapeSize } from '../host-arrays';
import type { Constant } from './onnx-graph';
import type { NodeReader } from './operator';

/** (q - zero) scale, by tensor or along an axis: weights kept as small integers. */
const dequantized = (reader: NodeReader): Constant => {
  reader.expectAttributes('axis', 'block_size');
  if (reader.number('block_size', 0) !== 0) reader.refuse('blocks are not known');
  const q = reader.requireConstant(0, 'integers');
  const scale = reader.requireConstant(1, 'scale');
  const zero = reader.has(2) ? reader.requireConstant(2, 'zero point') : undefined;
  const at = reader.number('axis', 1);
  const axis = at < 0 ? at + q.shape.length : at;
  const inner = shapeSize(q.shape.slice(axis + 1));
  const size = scale.data.length;
  if (size > 1 && size !== q.shape[axis])
    reader.refuse(`${size} scales for [${q.shape.join(', ')}] along axis ${axis}`);
  const data = Float32Array.from(q.data, (x, i) => {
    const which = size === 1 ? 0 : Math.floor(i / inner) % size;
    return (x - (zero ? zero.data[which] : 0)) * scale.data[which];
  });
  return { data, shape: q.shape, integer: false };
};

const constant = (reader: NodeReader): Constant => {
  const { value, value_float: float, value_int: int, value_ints: ints, value_floats: floats } = reader.node.attributes;
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  if (typeof float === 'number') return { data: Float32Array.of(float), shape: [], integer: false };
  if (typeof int === 'number') return { data: Int32Array.of(int), shape: [], integer: true };
  if (Array.isArray(ints)) return { data: Int32Array.from(ints), shape: [ints.length], integer: true };
  if (Array.isArray(floats)) return { data: Float32Array.from(floats), shape: [floats.length], integer: false };
  return reader.refuse('its value is not known');
};

/** What a node is, where the file alone decides it; undefined for others. */
export const constantNode = (reader: NodeReader): Constant | undefined => {
  if (reader.node.op === 'Constant') return constant(reader);
  if (reader.node.op === 'DequantizeLinear') return dequantized(reader);
  if (reader.node.op === 'Identity') return reader.constant(0);
  return undefined;
};
