/*
 * The kernels of TensorFlow.js as operations of the graph: one table. A kernel that is missing here cannot be traced.
 */
import { shapeSize } from '../host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { arrayOf, type ConvGeometry, type DType, type Graph, type Value } from './graph';
import type { Binary, Unary } from './scalar-functions';
import { keptShape, resolveAxes, sameShape } from './shapes';

/** A kernel on graph values: inputs by their TensorFlow.js names, or as a list where the kernel takes one. */
type Attrs = Record<string, unknown>;
export type TracedKernel = (g: Graph, inputs: Record<string, Value>, attrs: Attrs, list: Value[]) => Value | Value[];

const UNARY_KERNELS: Record<string, Unary> = {
  Neg: 'neg', Exp: 'exp', Log: 'log', Sqrt: 'sqrt', Reciprocal: 'reciprocal', Sigmoid: 'sigmoid', Tanh: 'tanh',
  Softplus: 'softplus', Elu: 'elu', Relu: 'relu', Erf: 'erf', Abs: 'abs', Sign: 'sign', Floor: 'floor', Ceil: 'ceil',
  Round: 'round', Cos: 'cos', Sin: 'sin', Tan: 'tan', Acos: 'acos', Asin: 'asin', Atan: 'atan', Cosh: 'cosh',
  Sinh: 'sinh', LogicalNot: 'not', IsNan: 'isNaN', IsInf: 'isInf',
}; // prettier-ignore

const BINARY_KERNELS: Record<string, Binary> = {
  Add: 'add', Sub: 'sub', Multiply: 'mul', RealDiv: 'div', Pow: 'pow', Maximum: 'max', Minimum: 'min',
  Greater: 'greater', GreaterEqual: 'greaterOrEqual', Less: 'less', LessEqual: 'lessOrEqual', Equal: 'equal',
  LogicalAnd: 'and', LogicalOr: 'or',
}; // prettier-ignore

/** For what is no whole number where the input is one. */
const asFloats = (g: Graph, x: Value): Value => (x.dtype === 'float32' ? x : g.cast(x, 'float32'));

/** The reduction with its axes kept or dropped, as the caller asks. */
const reduced = (g: Graph, op: Parameters<Graph['reduce']>[0], x: Value, axes: number[], keepDims: unknown): Value => {
  const result = g.reduce(op, x, axes);
  return keepDims
    ? result
    : g.reshape(
        result,
        x.shape.filter((_, i) => !axes.includes(i)),
      );
};

const reduction =
  (op: Parameters<Graph['reduce']>[0]): TracedKernel =>
  (g, { x }, { axis, reductionIndices, keepDims }) => {
    const axes = resolveAxes(x.shape.length, (reductionIndices ?? axis) as number[]);
    return reduced(g, op, x.dtype === 'bool' ? g.cast(x, 'int32') : x, axes, keepDims);
  };

const pair = (n: unknown): number[] => (typeof n === 'number' ? [n, n] : [...(n as number[])].slice(-2));

const geometryOf = (
  xShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dilations = 1, dimRoundingMode, dataFormat = 'NHWC' }: Attrs,
  depthwise = false,
): { geometry: ConvGeometry; shape: number[] } => {
  if (dataFormat !== 'NHWC') throw new Error(`data format ${String(dataFormat)} cannot be traced`);
  const info = tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides as number,
    dilations as number,
    pad as 'same',
    dimRoundingMode as undefined,
    depthwise,
  );
  const { top, left, bottom, right } = info.padInfo;
  return {
    geometry: {
      kernel: [info.filterHeight, info.filterWidth],
      strides: [info.strideHeight, info.strideWidth],
      dilations: [info.dilationHeight, info.dilationWidth],
      pads: [top, left, bottom, right],
    },
    shape: info.outShape,
  };
};

/** The window of a pooling whose windows tile the image. */
const tilingWindow = (shape: readonly number[], { filterSize, strides, pad }: Attrs): number[] => {
  const [size, step] = [pair(filterSize), pair(strides)];
  const padded = pad !== 'same' && pad !== 'valid' && [pad].flat(2).some(n => n !== 0);
  if (padded || !sameShape(size, step) || shape[1] % size[0] !== 0 || shape[2] % size[1] !== 0)
    throw new Error('pooling can be traced only where windows tile the image');
  return size;
};

const sliceAlong = (g: Graph, x: Value, axis: number, begin: number, size: number): Value =>
  g.slice(
    x,
    x.shape.map((_, i) => (i === axis ? begin : 0)),
    x.shape.map((n, i) => (i === axis ? size : n)),
  );

const arange = (g: Graph, start: number, stop: number, step: number, dtype: DType): Value => {
  const by = step === 1 && stop < start ? -1 : step; // TensorFlow.js cannot tell the default from 1
  const count = Math.max(0, Math.ceil((stop - start) / by));
  const values = Array.from({ length: count }, (_, i) => start + i * by);
  return g.constant(arrayOf(dtype, values), [count], dtype);
};

/** Indices n-1, ..., 0. */
const backwards = (g: Graph, n: number): Value => arange(g, n - 1, -1, -1, 'int32');

/** How many times each pixel is repeated from one image size to another [h, w]. */
const wholeFactors = (from: readonly number[], to: readonly number[], { alignCorners }: Attrs): number[] => {
  const factors = to.map((n, i) => n / from[i]);
  if (alignCorners || !factors.every(Number.isInteger))
    throw new Error('resizing can be traced only by whole factors, corners not aligned');
  return factors;
};

const activations: Record<string, (g: Graph, x: Value) => Value> = {
  linear: (_, x) => x,
  relu: (g, x) => g.unary('relu', x),
  sigmoid: (g, x) => g.unary('sigmoid', x),
  elu: (g, x) => g.unary('elu', x),
};

const activated = (g: Graph, x: Value, name: unknown): Value => {
  const activation = activations[(name as string | undefined) ?? 'linear'] as (typeof activations)[string] | undefined;
  if (!activation) throw new Error(`activation ${String(name)} cannot be traced`);
  return activation(g, x);
};

const OTHERS: Record<string, TracedKernel> = {
  // scalar functions composed of others
  NotEqual: (g, { a, b }) => g.unary('not', g.binary('equal', a, b)),
  IsFinite: (g, { x }) => g.unary('not', g.binary('or', g.unary('isNaN', x), g.unary('isInf', x))),
  Square: (g, { x }) => g.binary('mul', x, x),
  SquaredDifference: (g, { a, b }) => {
    const difference = g.binary('sub', a, b);
    return g.binary('mul', difference, difference);
  },
  Rsqrt: (g, { x }) => g.unary('reciprocal', g.unary('sqrt', x)),
  Log1p: (g, { x }) => g.unary('log', g.binary('add', x, g.splat(1))),
  Expm1: (g, { x }) => g.binary('sub', g.unary('exp', x), g.splat(1)),
  Step: (g, { x }, { alpha }) => {
    const one = g.cast(g.binary('greater', x, g.splat(0, [], x.dtype)), 'float32');
    const low = (alpha as number | undefined) ?? 0;
    const step = g.binary('add', g.scale(one, 1 - low), g.splat(low));
    return g.where(g.unary('isNaN', x), x, step);
  },
  LeakyRelu: (g, { x }, { alpha }) => g.where(g.binary('less', x, g.splat(0)), g.scale(x, alpha as number), x),
  Prelu: (g, { x, alpha }) => g.where(g.binary('less', x, g.splat(0)), g.binary('mul', alpha, x), x),
  Relu6: (g, { x }) => g.binary('min', g.unary('relu', x), g.splat(6)),
  ClipByValue: (g, { x }, { clipValueMin, clipValueMax }) =>
    g.binary(
      'min',
      g.binary('max', x, g.splat(clipValueMin as number, [], x.dtype)),
      g.splat(clipValueMax as number, [], x.dtype),
    ),
  EluGrad: (g, { dy, y }) =>
    g.where(g.binary('greaterOrEqual', y, g.splat(0)), dy, g.binary('mul', dy, g.binary('add', y, g.splat(1)))),
  AddN: (g, _, __, list) => list.reduce((sum, x) => g.binary('add', sum, x)),

  // dtype, shape, order
  Cast: (g, { x }, { dtype }) => g.cast(x, dtype as DType),
  Identity: (_, { x }) => x,
  Reshape: (g, { x }, { shape }) => {
    const wanted = shape as number[];
    const rest = -shapeSize(wanted);
    return g.reshape(
      x,
      wanted.map(n => (n < 0 ? shapeSize(x.shape) / rest : n)),
    );
  },
  ExpandDims: (g, { input }, { dim }) => {
    const [shape, at] = [[...input.shape], dim as number];
    shape.splice(at < 0 ? shape.length + 1 + at : at, 0, 1);
    return g.reshape(input, shape);
  },
  Transpose: (g, { x }, { perm }) => g.transpose(x, perm as number[]),
  BroadcastTo: (g, { x }, { shape }) => g.broadcast(x, shape as number[]),
  Tile: (g, { x }, { reps }) => {
    // [n, m] repeated: [1, n, 1, m] broadcast to [r, n, s, m]
    const spread = x.shape.flatMap((n, i) => [(reps as number[])[i], n]);
    const inner = g.reshape(
      x,
      x.shape.flatMap(n => [1, n]),
    );
    return g.reshape(
      g.broadcast(inner, spread),
      x.shape.map((n, i) => n * (reps as number[])[i]),
    );
  },
  Reverse: (g, { x }, { dims }) =>
    resolveAxes(x.shape.length, dims as number[]).reduce(
      (y, axis) => g.gather(y, backwards(g, x.shape[axis]), axis),
      x,
    ),
  Concat: (g, _, { axis }, list) => g.concat(list, resolveAxes(list[0].shape.length, axis as number)[0]),
  Pack: (g, _, { axis }, list) => {
    const [at] = resolveAxes(list[0].shape.length + 1, axis as number);
    const shape = [...list[0].shape];
    shape.splice(at, 0, 1);
    return g.concat(
      list.map(x => g.reshape(x, shape)),
      at,
    );
  },
  Unpack: (g, { value }, { axis }) => {
    const [at] = resolveAxes(value.shape.length, axis as number);
    const shape = value.shape.filter((_, i) => i !== at);
    return Array.from({ length: value.shape[at] }, (_, i) => g.reshape(sliceAlong(g, value, at, i, 1), shape));
  },
  Slice: (g, { x }, { begin, size }) => {
    const [starts, sizes] = [[begin].flat() as number[], [size].flat() as number[]];
    const from = x.shape.map((_, i) => starts[i] ?? 0);
    const shape = x.shape.map((n, i) => ((sizes[i] ?? -1) < 0 ? n - from[i] : sizes[i]));
    return g.slice(x, from, shape);
  },
  SplitV: (g, { x }, { numOrSizeSplits, axis }) => {
    const [at] = resolveAxes(x.shape.length, axis as number);
    const sizes = tf.backend_util.prepareSplitSize(
      { shape: [...x.shape] } as tf.Tensor,
      numOrSizeSplits as number[],
      at,
    );
    let begin = 0;
    return sizes.map(size => {
      const part = sliceAlong(g, x, at, begin, size);
      begin += size;
      return part;
    });
  },
  PadV2: (g, { x }, { paddings, constantValue }) =>
    g.pad(x, paddings as [number, number][], (constantValue as number | undefined) ?? 0),
  GatherV2: (g, { x, indices }, { axis, batchDims }) => {
    if (batchDims) throw new Error('gather with batch dimensions cannot be traced');
    return g.gather(x, indices, resolveAxes(x.shape.length, axis as number)[0]);
  },
  Select: (g, { condition, t, e }) => {
    const missing = t.shape.length - condition.shape.length; // a vector chooses rows
    const chooses = g.reshape(condition, [...condition.shape, ...Array<number>(missing).fill(1)]);
    if (t.dtype !== 'bool') return g.where(chooses, t, e);
    return g.cast(g.where(chooses, g.cast(t, 'int32'), g.cast(e, 'int32')), 'bool'); // ONNX Runtime has no other
  },

  // new tensors
  ZerosLike: (g, { x }) => g.splat(0, x.shape, x.dtype),
  OnesLike: (g, { x }) => g.splat(1, x.shape, x.dtype),
  Fill: (g, _, { shape, value, dtype }) =>
    g.splat(value as number, shape as number[], (dtype as DType | undefined) ?? 'float32'),
  Range: (g, _, { start, stop, step, dtype }) =>
    arange(g, start as number, stop as number, step as number, (dtype as DType | undefined) ?? 'float32'),
  LinSpace: (g, _, { start, stop, num }) => {
    const [from, to, count] = [start as number, stop as number, num as number];
    const values = Array.from({ length: count }, (__, i) => from + (i * (to - from)) / Math.max(1, count - 1));
    return g.constant(arrayOf('float32', values), [count], 'float32');
  },
  OneHot: (g, { indices }, { depth, onValue, offValue, dtype }) => {
    const classes = arange(g, 0, depth as number, 1, 'int32');
    const rows = g.reshape(g.cast(indices, 'int32'), [...indices.shape, 1]);
    const hit = g.cast(g.binary('equal', rows, classes), (dtype as DType | undefined) ?? 'float32');
    const [on, off] = [onValue as number, offValue as number];
    return on === 1 && off === 0 ? hit : g.binary('add', g.scale(hit, on - off), g.splat(off, [], hit.dtype));
  },

  // reductions
  Sum: reduction('sum'),
  Max: reduction('reduceMax'),
  Min: reduction('reduceMin'),
  Prod: reduction('product'),
  Mean: (g, { x }, { axis, keepDims }) => {
    const axes = resolveAxes(x.shape.length, axis as number[]);
    const count = shapeSize(x.shape) / shapeSize(keptShape(x.shape, axes));
    return g.scale(reduced(g, 'sum', asFloats(g, x), axes, keepDims), 1 / count);
  },
  All: (g, { x }, { axis, keepDims }) =>
    g.cast(
      reduced(g, 'reduceMin', g.cast(x, 'int32'), resolveAxes(x.shape.length, axis as number[]), keepDims),
      'bool',
    ),
  Any: (g, { x }, { axis, keepDims }) =>
    g.cast(
      reduced(g, 'reduceMax', g.cast(x, 'int32'), resolveAxes(x.shape.length, axis as number[]), keepDims),
      'bool',
    ),

  // products
  BatchMatMul: (g, { a, b }, { transposeA, transposeB }) => g.matmul(a, b, transposeA === true, transposeB === true),
  _FusedMatMul: (g, { a, b, bias }, { transposeA, transposeB, activation }) => {
    const product = g.matmul(a, b, transposeA === true, transposeB === true);
    return activated(g, (bias as Value | undefined) ? g.binary('add', product, bias) : product, activation);
  },
  Softmax: (g, { logits }, { dim }) => g.softmax(logits, resolveAxes(logits.shape.length, dim as number)[0]),

  // images
  Conv2D: (g, { x, filter }, attrs) => {
    const { geometry, shape } = geometryOf(x.shape, filter.shape, attrs);
    return g.conv(x, filter, geometry, shape);
  },
  FusedConv2D: (g, { x, filter, bias }, attrs) => {
    const { geometry, shape } = geometryOf(x.shape, filter.shape, attrs);
    const y = g.conv(x, filter, geometry, shape);
    return activated(g, (bias as Value | undefined) ? g.binary('add', y, bias) : y, attrs.activation);
  },
  Conv2DBackpropInput: (g, { dy, filter }, attrs) => {
    const shape = attrs.inputShape as number[];
    return g.convInput(dy, filter, geometryOf(shape, filter.shape, attrs).geometry, shape);
  },
  Conv2DBackpropFilter: (g, { x, dy }, attrs) => {
    const shape = attrs.filterShape as number[];
    return g.convFilter(x, dy, geometryOf(x.shape, shape, attrs).geometry, shape);
  },
  DepthwiseConv2dNative: (g, { x, filter }, attrs) => {
    if (filter.shape[3] !== 1)
      throw new Error('depthwise convolutions with several filters a channel cannot be traced');
    const { geometry, shape } = geometryOf(x.shape, filter.shape, attrs, true);
    return g.depthwise(x, filter, geometry, shape);
  },
  AvgPool: (g, { x }, attrs) => g.averagePool(x, tilingWindow(x.shape, attrs)),
  AvgPoolGrad: (g, { dy, input }, attrs) => {
    const factor = tilingWindow(input.shape, attrs);
    return g.scale(g.repeatPixels(dy, factor), 1 / shapeSize(factor));
  },
  ResizeNearestNeighbor: (g, { images }, attrs) =>
    g.repeatPixels(images, wholeFactors(images.shape.slice(1, 3), attrs.size as number[], attrs)),
  ResizeNearestNeighborGrad: (g, { images, dy }, attrs) => {
    const factor = wholeFactors(images.shape.slice(1, 3), dy.shape.slice(1, 3), attrs);
    return g.scale(g.averagePool(dy, factor), shapeSize(factor));
  },
};

/** Every kernel that can be traced, by TensorFlow.js's name. */
export const TRACED_KERNELS: Readonly<Record<string, TracedKernel>> = {
  ...Object.fromEntries(
    Object.entries(UNARY_KERNELS).map(([name, op]): [string, TracedKernel] => [name, (g, { x }) => g.unary(op, x)]),
  ),
  ...Object.fromEntries(
    Object.entries(BINARY_KERNELS).map(([name, op]): [string, TracedKernel] => [
      name,
      (g, { a, b }) => g.binary(op, a, b),
    ]),
  ),
  ...OTHERS,
};
