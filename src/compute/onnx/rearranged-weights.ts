/*
 * Weights as operators take them. Splits, slices, transposes, reshapes and zeros around a weight are followed as views of its
 * numbers, so that each form that is needed is copied once, with nothing on the way.
 */
import { type HostArray, type Shape, shapeSize } from '../host-arrays';
import type { OnnxModel, OnnxNode } from './onnx-file';

/** Part of an array, its elements in any order: element [i, j, ...] lies at offset + i strides[0] + j strides[1] + ... */
export type View = { shape: Shape; data: Float32Array; strides: readonly number[]; offset: number };

const rowMajor = (shape: Shape): number[] => shape.map((_, axis) => shapeSize(shape.slice(axis + 1)));

export const viewOf = ({ shape, data }: HostArray): View => ({ shape, data, strides: rowMajor(shape), offset: 0 });

/** Copies the numbers of one view to where another of the same shape has its own. */
const copy = (from: View, to: View): void => {
  const { shape } = from;
  const last = shape.length - 1;
  const walk = (axis: number, source: number, target: number): void => {
    const [n, step, stride] = [shape[axis], from.strides[axis], to.strides[axis]];
    if (axis < last) for (let i = 0; i < n; i++) walk(axis + 1, source + i * step, target + i * stride);
    else for (let i = 0; i < n; i++) to.data[target + i * stride] = from.data[source + i * step];
  };
  if (last < 0) to.data[to.offset] = from.data[from.offset];
  else walk(0, from.offset, to.offset);
};

/** The numbers of a view in order, in an array of their own. */
export const copied = (view: View, data = new Float32Array(shapeSize(view.shape))): HostArray => {
  const result = { shape: view.shape, data };
  copy(view, viewOf(result));
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
  Slice: (x, _, [begins, ends, axes]) => [axes.reduce((y, axis, i) => part(y, axis, begins[i], ends[i]), x)],
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

/** Inputs that each of them has besides the weight; with more it does more. */
const VECTORS: Readonly<Record<string, number>> = { Reshape: 1, Transpose: 0, Slice: 3, Split: 1, Pad: 1 };

/** The further inputs of a node as vectors; undefined where it does not only rearrange, or they are not known here. */
const vectorsOf = ({ op, domain, inputs }: OnnxNode, constants: ReadonlyMap<string, ArrayBufferView>) => {
  const vectors = inputs.slice(1).map(name => constants.get(name));
  if (domain !== '' || VECTORS[op] !== vectors.length) return undefined;
  const numbers = vectors.map(data => (data instanceof BigInt64Array ? Array.from(data, Number) : undefined));
  if (!numbers.every(vector => vector !== undefined)) return undefined;
  return op === 'Reshape' && !numbers[0].every(n => n > 0) ? undefined : numbers;
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
