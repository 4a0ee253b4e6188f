/*
 * The intermediate representation: a graph of values, each the result of one operation. A value that was made before is
 * found again (hash-consing), so common subexpressions exist once; rewrite rules look at every new value first.
 */
import { type Shape, shapeSize } from '../host-arrays';
import { createHash } from 'node:crypto';
import { type Binary, binaryOf, type Unary, unaryOf } from './scalar-functions';
import { broadcastShapes, keptShape } from './shapes';

export type DType = 'float32' | 'int32' | 'bool';
export type Data = Float32Array | Int32Array | Uint8Array;

/** Geometry of a two-dimensional convolution: kernel, strides, dilations [h, w], zero padding [top, left, bottom, right]. */
export type ConvGeometry = { kernel: number[]; strides: number[]; dilations: number[]; pads: number[] };

/** Attributes of an operation: JSON. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What a value will be, before it has a number. */
export type Candidate = {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly shape: Shape;
  readonly dtype: DType;
};
export type Value = Candidate & { readonly id: number; readonly data?: Data };

/** Looks at a value about to be made and may give another in its place. */
export type Rule = (graph: Graph, value: Candidate) => Value | undefined;
export type Rules = readonly { name: string; ops: readonly string[]; rewrite: Rule }[];

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** The typed array that holds values of a dtype. */
export const arrayOf = (dtype: DType, values: ArrayLike<number>): Data => ARRAYS[dtype].from(values);

/** The number that every element of a splat has; undefined for other values. */
export const splatOf = ({ op, attributes }: Candidate): number | undefined =>
  op === 'splat' ? (attributes.value as number) : undefined;

export class Graph {
  readonly values: Value[] = [];
  readonly inputs: Value[] = [];
  private readonly known = new Map<string, Value>();
  private readonly byOp = new Map<string, Rule[]>();

  constructor(rules: Rules) {
    for (const { ops, rewrite } of rules)
      for (const op of ops) this.byOp.set(op, [...(this.byOp.get(op) ?? []), rewrite]);
  }

  /** The value of an operation: what a rule gives in its place, one made before, or a new one. */
  make(op: string, inputs: readonly Value[], attributes: Attributes, shape: Shape, dtype: DType): Value {
    const candidate = { op, inputs, attributes, shape, dtype };
    for (const rewrite of this.byOp.get(op) ?? []) {
      const better = rewrite(this, candidate);
      if (better) return better;
    }
    return this.intern(candidate);
  }

  private intern(candidate: Candidate, data?: Data): Value {
    const { op, inputs, attributes, shape, dtype } = candidate;
    const number = (_: string, v: unknown): unknown => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v);
    const key = `${op}(${inputs.map(v => v.id)})${JSON.stringify(attributes, number)}[${shape}]${dtype}`;
    const before = this.known.get(key);
    if (before) return before;
    const value = { ...candidate, shape: [...shape], id: this.values.length, ...(data ? { data } : {}) };
    this.values.push(value);
    this.known.set(key, value);
    return value;
  }

  input(name: string, shape: Shape, dtype: DType = 'float32'): Value {
    const value = this.intern({ op: 'input', inputs: [], attributes: { name }, shape, dtype });
    this.inputs.push(value);
    return value;
  }

  /** A tensor whose elements are all equal: never stored. */
  splat(value: number, shape: Shape = [], dtype: DType = 'float32'): Value {
    const exact = dtype === 'float32' ? Math.fround(value) : value;
    return this.intern({ op: 'splat', inputs: [], attributes: { value: exact }, shape, dtype });
  }

  constant(data: Data, shape: Shape, dtype: DType): Value {
    if (data.length > 0 && data.every(x => x === data[0])) return this.splat(data[0], shape, dtype);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const hash = createHash('sha1').update(bytes).digest('hex');
    return this.intern({ op: 'constant', inputs: [], attributes: { hash }, shape, dtype }, data);
  }

  unary(op: Unary, x: Value): Value {
    return this.make(op, [x], {}, x.shape, unaryOf(op)?.bool ? 'bool' : x.dtype);
  }

  binary(op: Binary, a: Value, b: Value): Value {
    return this.make(op, [a, b], {}, broadcastShapes(a.shape, b.shape), binaryOf(op)?.bool ? 'bool' : a.dtype);
  }

  /** a where the condition holds, else b. */
  where(condition: Value, a: Value, b: Value): Value {
    const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape));
    return this.make('where', [condition, a, b], {}, shape, a.dtype);
  }

  scale(x: Value, factor: number): Value {
    return this.binary('mul', x, this.splat(factor, [], x.dtype));
  }

  cast(x: Value, dtype: DType): Value {
    return this.make('cast', [x], {}, x.shape, dtype);
  }

  reshape(x: Value, shape: Shape): Value {
    if (shapeSize(shape) !== shapeSize(x.shape)) throw new Error(`[${x.shape}] cannot be reshaped to [${shape}]`);
    if (x.data) return this.intern({ ...x, shape }, x.data);
    return this.make('reshape', [x], {}, shape, x.dtype);
  }

  broadcast(x: Value, shape: Shape): Value {
    return this.make('broadcast', [x], {}, shape, x.dtype);
  }

  transpose(x: Value, order: readonly number[]): Value {
    const shape = order.map(axis => x.shape[axis]);
    return this.make('transpose', [x], { order: [...order] }, shape, x.dtype);
  }

  /** Sum, sum of squares, maximum, minimum or product along axes; they stay with size 1. */
  reduce(op: 'sum' | 'sumSquare' | 'reduceMax' | 'reduceMin' | 'product', x: Value, axes: readonly number[]): Value {
    if (axes.length === 0) return op === 'sumSquare' ? this.binary('mul', x, x) : x;
    return this.make(op, [x], { axes: [...axes] }, keptShape(x.shape, axes), x.dtype);
  }

  concat(parts: readonly Value[], axis: number): Value {
    const filled = parts.filter(part => part.shape[axis] > 0);
    const shape = [...parts[0].shape];
    shape[axis] = filled.reduce((sum, part) => sum + part.shape[axis], 0);
    return filled.length === 1 ? filled[0] : this.make('concat', filled, { axis }, shape, parts[0].dtype);
  }

  slice(x: Value, begin: Shape, size: Shape): Value {
    return this.make('slice', [x], { begin: [...begin] }, size, x.dtype);
  }

  pad(x: Value, paddings: readonly (readonly [number, number])[], value = 0): Value {
    const shape = x.shape.map((n, i) => n + paddings[i][0] + paddings[i][1]);
    return this.make('pad', [x], { paddings: paddings.map(p => [...p]), value }, shape, x.dtype);
  }

  /** Rows of x along an axis: x [..., n, ...], indices of any shape, int32. */
  gather(x: Value, indices: Value, axis: number): Value {
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return this.make('gather', [x, indices], { axis }, shape, x.dtype);
  }

  /** a [..., m, k] b [..., k, n]; either may be transposed in its last two axes first. */
  matmul(a: Value, b: Value, transposeA = false, transposeB = false): Value {
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const m = a.shape[a.shape.length - (transposeA ? 1 : 2)];
    const n = b.shape[b.shape.length - (transposeB ? 2 : 1)];
    return this.make('matmul', [a, b], { transposeA, transposeB }, [...batch, m, n], a.dtype);
  }

  softmax(x: Value, axis: number): Value {
    return this.make('softmax', [x], { axis }, x.shape, x.dtype);
  }

  /** x [B, H, W, C], filter [kh, kw, C, K] to `shape` [B, H', W', K]. */
  conv(x: Value, filter: Value, geometry: ConvGeometry, shape: Shape): Value {
    return this.make('conv', [x, filter], geometry, shape, x.dtype);
  }

  /** The gradient of a convolution with respect to its input, of shape `shape` [B, H, W, C]. */
  convInput(dy: Value, filter: Value, geometry: ConvGeometry, shape: Shape): Value {
    return this.make('convInput', [dy, filter], geometry, shape, dy.dtype);
  }

  /** The gradient of a convolution with respect to its filter, of shape `shape` [kh, kw, C, K]. */
  convFilter(x: Value, dy: Value, geometry: ConvGeometry, shape: Shape): Value {
    return this.make('convFilter', [x, dy], geometry, shape, x.dtype);
  }

  /** One filter per channel: x [B, H, W, C], filter [kh, kw, C, 1]. */
  depthwise(x: Value, filter: Value, geometry: ConvGeometry, shape: Shape): Value {
    return this.make('depthwise', [x, filter], geometry, shape, x.dtype);
  }

  /** Means over windows of factor [h, w] pixels. */
  averagePool(x: Value, factor: readonly number[]): Value {
    const [B, H, W, C] = x.shape;
    return this.make('averagePool', [x], { factor }, [B, H / factor[0], W / factor[1], C], x.dtype);
  }

  /** Every pixel factor [h, w] times. */
  repeatPixels(x: Value, factor: readonly number[]): Value {
    const [B, H, W, C] = x.shape;
    return this.make('repeatPixels', [x], { factor }, [B, H * factor[0], W * factor[1], C], x.dtype);
  }
}

/** Every value that the results need, inputs before their users. */
export const reachable = (results: Iterable<Value>): Value[] => {
  const found = new Set<Value>();
  const waiting = [...results];
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    waiting.push(...value.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
};

/** The graph as text, one value a line: for tests and for looking at it. */
export const show = (results: Record<string, Value>): string => {
  const names = new Map<Value, string>();
  const lines = reachable(Object.values(results)).flatMap(value => {
    const { op, inputs, attributes, shape, dtype } = value;
    const splat = splatOf(value);
    names.set(value, op === 'input' ? String(attributes.name) : splat === undefined ? `%${names.size}` : String(splat));
    if (op === 'input' || splat !== undefined) return [];
    const shown = op === 'constant' ? {} : attributes;
    const text = Object.keys(shown).length > 0 ? ` ${JSON.stringify(shown)}` : '';
    const type = dtype === 'float32' ? '' : ` ${dtype}`;
    return [`${names.get(value)} = ${op}(${inputs.map(v => names.get(v)).join(', ')})${text} [${shape}]${type}`];
  });
  for (const [name, value] of Object.entries(results)) lines.push(`${name}: ${names.get(value)}`);
  return lines.join('\n');
};

/** Number of elements of a value. */
export const sizeOfValue = (value: Candidate): number => shapeSize(value.shape);

/** The geometry of a convolution or of one of its gradients. */
export const geometryOf = (value: Candidate): ConvGeometry => value.attributes as unknown as ConvGeometry;
