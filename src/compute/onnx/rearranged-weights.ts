/*
 * Weights as operators take them. Splits, slices, transposes, reshapes and zeros around a weight are followed as views of its
 * numbers; only zeros, and a shape that the numbers are not in the order of, need a copy.
 */
import { type HostArray, type Shape, shapeSize } from '../host-arrays';
import type { OnnxModel, OnnxNode } from './onnx-file';

/** Part of an array, its elements in any order: element [i, j, ...] lies at offset + i strides[0] + j strides[1] + ... */
export type View = { shape: Shape; data: Float32Array; strides: readonly number[]; offset: number };

const rowMajor = (shape: Shape): number[] => shape.map((_, axis) => shapeSize(shape.slice(axis + 1)));

export const viewOf = ({ shape, data }: HostArray): View => ({ shape, data, strides: rowMajor(shape), offset: 0 });

/** Copies the numbers of one view to where another of the same shape has its own. */
const copy = (from: View, to: View): void => {
  const [source, target] = [from.data, to.data];
  const lead = [1, 1].slice(Math.min(2, from.shape.length)); // at least two axes
  const [shape, steps, strides] = [from.shape, from.strides, to.strides].map(sizes => [...lead, ...sizes]);
  const axis = shape.length - 2;
  const [rows, columns, rowStep, step, rowStride, stride] = [shape, steps, strides].flatMap(sizes => sizes.slice(axis));
  const walk = (at: number, a: number, b: number): void => {
    if (at < axis) {
      for (let i = 0; i < shape[at]; i++) walk(at + 1, a + i * steps[at], b + i * strides[at]);
      return;
    }
    for (let i = 0; i < rows; i++) {
      let [x, y] = [a + i * rowStep, b + i * rowStride];
      for (let j = 0; j < columns; j++, x += step, y += stride) target[y] = source[x];
    }
  };
  walk(0, from.offset, to.offset);
};

/** The numbers of a view in order, in an array of their own. */
export const copied = (view: View, data = new Float32Array(shapeSize(view.shape))): HostArray => {
  const result = { shape: view.shape, data };
  if (inOrder(view)) data.set(arrayOf(view).data);
  else copy(view, viewOf(result));
  return result;
};

const inOrder = ({ shape, strides }: View): boolean =>
  rowMajor(shape).every((stride, axis) => shape[axis] === 1 || strides[axis] === stride);

/** The same without a copy where the numbers lie in order already. */
export const arrayOf = (view: View): HostArray => {
  const { shape, data, offset } = view;
  return inOrder(view) ? { shape, data: data.subarray(offset, offset + shapeSize(shape)) } : copied(view);
};

const part = (x: View, axis: number, begin: number, end: number): View => ({
  ...x,
  shape: x.shape.map((n, i) => (i === axis ? end - begin : n)),
  offset: x.offset + begin * x.strides[axis],
});

/** What each operation makes of a weight, its further inputs given as vectors. */
const REARRANGEMENTS: Record<string, (x: View, node: OnnxNode, vectors: readonly number[][]) => View[]> = {
  Reshape: (x, _, [shape]) => [viewOf({ shape, data: arrayOf(x).data })],
  Transpose: (x, { attributes }) => {
    const order = attributes.perm as number[];
    return [{ ...x, shape: order.map(axis => x.shape[axis]), strides: order.map(axis => x.strides[axis]) }];
  },
  Slice: (x, _, [begins, ends, axes]) => [
    axes.reduce((y, axis, i) => part(y, axis, begins[i], Math.min(ends[i], y.shape[axis])), x),
  ],
  Split: (x, { attributes }, [sizes]) => {
    let begin = 0;
    return sizes.map(size => part(x, attributes.axis as number, begin, (begin += size)));
  },
  Pad: (x, _, [amounts]) => {
    const before = amounts.slice(0, x.shape.length);
    const shape = x.shape.map((n, i) => before[i] + n + amounts[x.shape.length + i]);
    const whole = viewOf({ shape, data: new Float32Array(shapeSize(shape)) });
    copy(x, { ...whole, shape: x.shape, offset: before.reduce((sum, n, i) => sum + n * whole.strides[i], 0) });
    return [whole];
  },
};

/** Inputs that each of them has besides the weight, and its attributes; with others it does something else. */
const KNOWN: Readonly<Record<string, { vectors: number; attributes: string }>> = {
  Reshape: { vectors: 1, attributes: '' },
  Transpose: { vectors: 0, attributes: 'perm' },
  Slice: { vectors: 3, attributes: '' },
  Split: { vectors: 1, attributes: 'axis' },
  Pad: { vectors: 1, attributes: '' },
};

/** The further inputs of a node as vectors; undefined where it does not only rearrange, or they are not known here. */
const vectorsOf = (
  { op, domain, inputs, attributes }: OnnxNode,
  constants: ReadonlyMap<string, ArrayBufferView>,
): number[][] | undefined => {
  const vectors = inputs.slice(1).map(name => constants.get(name));
  const known = domain === '' && Object.hasOwn(KNOWN, op) ? KNOWN[op] : undefined;
  if (known?.vectors !== vectors.length || Object.keys(attributes).join() !== known.attributes) return undefined;
  if (typeof attributes.axis === 'number' && attributes.axis < 0) return undefined;
  const numbers = vectors.map(data => (data instanceof BigInt64Array ? Array.from(data, Number) : undefined));
  if (!numbers.every(vector => vector !== undefined)) return undefined;
  const least = op === 'Reshape' ? 1 : 0; // a size of 0 or -1 is another's, a negative place is from the end
  return numbers.every(vector => vector.every(n => n >= least)) ? numbers : undefined;
};

const constantsOf = ({ initializers }: Pick<OnnxModel, 'initializers'>): Map<string, ArrayBufferView> =>
  new Map(initializers.map(({ name, data }) => [name, data]));

/** Whether a model does nothing but rearrange its inputs. */
export const onlyRearranges = (model: Pick<OnnxModel, 'nodes' | 'initializers'>): boolean => {
  const constants = constantsOf(model);
  return model.nodes.every(node => vectorsOf(node, constants) !== undefined);
};

/**
 * Follows weights through a model: `known` grows by all that comes of rearranging what is known.
 * @returns the nodes that do something else
 */
export const followWeights = <V extends View>(
  model: Pick<OnnxModel, 'nodes' | 'initializers'>,
  known: Map<string, V>,
): OnnxNode[] => {
  const constants = constantsOf(model);
  return model.nodes.filter(node => {
    const x = known.get(node.inputs[0]);
    const vectors = x && vectorsOf(node, constants);
    if (!x || !vectors) return true;
    REARRANGEMENTS[node.op](x, node, vectors).forEach((view, i) => known.set(node.outputs[i], { ...x, ...view }));
    return false;
  });
};
