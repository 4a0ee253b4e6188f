/*
 * Algebra on the graph: each rule looks at one value about to be made. Multiplying by zero is taken as zero, also for
 * infinities; everything else keeps the value up to rounding.
 */
import { shapeSize } from '../host-arrays';
import { type Candidate, type Graph, type Rule, type Rules, splatOf, type Value } from './graph';
import { BINARY, binaryOf, type Unary, UNARY, unaryOf } from './scalar-functions';
import { broadcastShapes, reshapedBeforeBroadcast, sameShape } from './shapes';

const BINARIES = Object.keys(BINARY);
const UNARIES = Object.keys(UNARY);
const COMMUTATIVE = ['add', 'mul', 'max', 'min', 'equal', 'and', 'or'];

const isSplat = (v: Value): boolean => splatOf(v) !== undefined;
const axesOf = (v: Candidate): number[] => v.attributes.axes as number[];

/** x as a value of `like`'s shape. */
const fill = (g: Graph, x: Value, like: Candidate): Value => g.broadcast(x, like.shape);

/** An operand without what only repeats it: the inside of a broadcast, a splat as a scalar. */
const compact = (g: Graph, x: Value): Value => {
  if (x.op === 'broadcast') return x.inputs[0];
  const value = splatOf(x);
  return value !== undefined && x.shape.length > 0 ? g.splat(value, [], x.dtype) : x;
};

const sameShapeIsIdentity: Rule = (_, { inputs: [x], shape }) => (sameShape(x.shape, shape) ? x : undefined);

const splatsStaySplats: Rule = (g, { inputs: [x], shape, dtype }) => {
  const value = splatOf(x);
  return value === undefined ? undefined : g.splat(value, shape, dtype);
};

const reshapeOfReshape: Rule = (g, { inputs: [x], shape }) =>
  x.op === 'reshape' ? g.reshape(x.inputs[0], shape) : undefined;

const reshapeMovesInsideBroadcast: Rule = (g, { inputs: [x], shape }) => {
  if (x.op !== 'broadcast') return undefined;
  const inner = reshapedBeforeBroadcast(x.inputs[0].shape, x.shape, shape);
  return inner && g.broadcast(g.reshape(x.inputs[0], inner), shape);
};

const broadcastOfBroadcast: Rule = (g, { inputs: [x], shape }) =>
  x.op === 'broadcast' ? g.broadcast(x.inputs[0], shape) : undefined;

const broadcastKeepsRank: Rule = (g, { inputs: [x], shape }) =>
  x.shape.length < shape.length
    ? g.broadcast(g.reshape(x, [...Array<number>(shape.length - x.shape.length).fill(1), ...x.shape]), shape)
    : undefined;

const transposeOfTranspose: Rule = (g, { inputs: [x], attributes }) =>
  x.op === 'transpose'
    ? g.transpose(
        x.inputs[0],
        (attributes.order as number[]).map(axis => (x.attributes.order as number[])[axis]),
      )
    : undefined;

const transposeOfUnitAxesReshapes: Rule = (g, { inputs: [x], attributes, shape }) => {
  const large = (attributes.order as number[]).filter(axis => x.shape[axis] !== 1);
  return large.every((axis, i) => i === 0 || axis > large[i - 1]) ? g.reshape(x, shape) : undefined;
};

const transposeMovesInsideBroadcast: Rule = (g, { inputs: [x], attributes, shape }) =>
  x.op === 'broadcast' ? g.broadcast(g.transpose(x.inputs[0], attributes.order as number[]), shape) : undefined;

const unaryFolds: Rule = (g, { op, inputs: [x], shape, dtype }) => {
  const [value, fold] = [splatOf(x), unaryOf(op)?.fold];
  return value !== undefined && fold ? g.splat(fold(value), shape, dtype) : undefined;
};

const unaryMovesInsideBroadcast: Rule = (g, v) => {
  const inner = compact(g, v.inputs[0]);
  return inner === v.inputs[0] ? undefined : fill(g, g.unary(v.op as Unary, inner), v);
};

const negOfNegOrSub: Rule = (g, { inputs: [x] }) => {
  if (x.op === 'neg') return x.inputs[0];
  return x.op === 'sub' ? g.binary('sub', x.inputs[1], x.inputs[0]) : undefined;
};

const castFolds: Rule = (g, v) => {
  const { dtype } = v;
  const [x] = v.inputs;
  if (x.dtype === dtype) return x;
  const value = splatOf(x);
  if (value !== undefined)
    return g.splat(
      dtype === 'bool' ? Number(value !== 0) : dtype === 'int32' ? Math.trunc(value) : value,
      v.shape,
      dtype,
    );
  return x.op === 'broadcast' ? fill(g, g.cast(x.inputs[0], dtype), v) : undefined;
};

const binaryFolds: Rule = (g, { op, inputs: [a, b], shape, dtype }) => {
  const [p, q, fold] = [splatOf(a), splatOf(b), binaryOf(op)?.fold];
  return p !== undefined && q !== undefined && fold ? g.splat(fold(p, q), shape, dtype) : undefined;
};

const addNothing: Rule = (g, v) => {
  const [a, b] = v.inputs;
  if (splatOf(b) === 0) return fill(g, a, v);
  if (splatOf(a) !== 0) return undefined;
  return fill(g, v.op === 'sub' ? g.unary('neg', b) : b, v);
};

const addOfNegSubtracts: Rule = (g, { op, inputs: [a, b] }) => {
  if (b.op === 'neg') return g.binary(op === 'add' ? 'sub' : 'add', a, b.inputs[0]);
  return op === 'add' && a.op === 'neg' ? g.binary('sub', b, a.inputs[0]) : undefined;
};

const mulByOneOrZero: Rule = (g, v) => {
  const { shape, dtype } = v;
  const [a, b] = v.inputs;
  for (const [x, y] of [
    [a, b],
    [b, a],
  ]) {
    if (splatOf(y) === 1) return fill(g, x, v);
    if (splatOf(y) === 0) return g.splat(0, shape, dtype);
  }
  return undefined;
};

const mulByMinusOne: Rule = (g, v) => {
  const [a, b] = v.inputs;
  if (splatOf(b) === -1) return fill(g, g.unary('neg', a), v);
  return splatOf(a) === -1 ? fill(g, g.unary('neg', b), v) : undefined;
};

const negLeavesMul: Rule = (g, { inputs: [a, b] }) => {
  if (a.op !== 'neg' && b.op !== 'neg') return undefined;
  const [x, y] = [a, b].map(v => (v.op === 'neg' ? v.inputs[0] : v));
  if (a.op === 'neg' && b.op === 'neg') return g.binary('mul', x, y);
  const [p, q] = [splatOf(x), splatOf(y)];
  if (q !== undefined) return g.binary('mul', x, g.splat(-q, y.shape, y.dtype));
  if (p !== undefined) return g.binary('mul', y, g.splat(-p, x.shape, x.dtype));
  return g.unary('neg', g.binary('mul', x, y));
};

/** mul(mul(x, 2), 3) is mul(x, 6); mul(mul(x, 2), y) scales the smaller of x and y. */
const scalesGather: Rule = (g, v) => {
  const { dtype } = v;
  const [a, b] = v.inputs;
  for (const [x, y] of [
    [a, b],
    [b, a],
  ]) {
    const factor = x.op === 'mul' && dtype === 'float32' ? splatOf(x.inputs[1]) : undefined;
    if (factor === undefined) continue;
    const other = splatOf(y);
    if (other !== undefined) return fill(g, g.scale(x.inputs[0], factor * other), v);
    if (shapeSize(y.shape) < shapeSize(x.shape)) return fill(g, g.binary('mul', x.inputs[0], g.scale(y, factor)), v);
  }
  return undefined;
};

const divBySplatMultiplies: Rule = (g, { inputs: [a, b], dtype }) => {
  const value = splatOf(b);
  return value !== undefined && dtype === 'float32' ? g.binary('mul', a, g.splat(1 / value, b.shape)) : undefined;
};

const smallPowers: Rule = (g, v) => {
  const [a, b] = v.inputs;
  const exponent = splatOf(b);
  if (exponent === 1) return fill(g, a, v);
  if (exponent === 2) return fill(g, g.binary('mul', a, a), v);
  return exponent === 0.5 ? fill(g, g.unary('sqrt', a), v) : undefined;
};

const binaryMovesInsideBroadcast: Rule = (g, v) => {
  const [a, b] = v.inputs;
  const [x, y] = [compact(g, a), compact(g, b)];
  if (x === a && y === b) return undefined;
  const small = broadcastShapes(x.shape, y.shape);
  return fill(g, g.make(v.op, [x, y], {}, small, v.dtype), v);
};

const commutativeOrder: Rule = (g, { op, inputs: [a, b], shape, dtype }) =>
  isSplat(a) || (!isSplat(b) && a.id > b.id && sameShape(a.shape, b.shape))
    ? isSplat(a) && isSplat(b)
      ? undefined
      : g.make(op, [b, a], {}, shape, dtype)
    : undefined;

const whereCompacts: Rule = (g, v) => {
  const [condition, a, b] = v.inputs;
  const known = splatOf(condition);
  if (known !== undefined) return fill(g, known ? a : b, v);
  const [c, x, y] = [condition, a, b].map(operand => compact(g, operand));
  if (c === condition && x === a && y === b) return undefined;
  const small = broadcastShapes(c.shape, broadcastShapes(x.shape, y.shape));
  return fill(g, g.make('where', [c, x, y], {}, small, v.dtype), v);
};

const reduceUnitAxes: Rule = (g, v) => {
  const [x] = v.inputs;
  const axes = axesOf(v).filter(axis => x.shape[axis] !== 1);
  if (axes.length === axesOf(v).length) return undefined;
  return axes.length === 0 ? x : g.reduce(v.op as 'sum', x, axes);
};

const sumOfSplat: Rule = (g, v) => {
  const value = splatOf(v.inputs[0]);
  const count = shapeSize(v.inputs[0].shape) / shapeSize(v.shape);
  return value === undefined ? undefined : g.splat(value * count, v.shape, v.dtype);
};

const sumOfBroadcast: Rule = (g, v) => {
  const [x] = v.inputs;
  if (x.op !== 'broadcast') return undefined;
  const [inner] = x.inputs;
  const repeated = axesOf(v).filter(axis => inner.shape[axis] === 1);
  const rest = axesOf(v).filter(axis => inner.shape[axis] !== 1);
  const times = repeated.reduce((product, axis) => product * x.shape[axis], 1);
  const scaled = g.scale(inner, times);
  return fill(g, rest.length > 0 ? g.reduce('sum', scaled, rest) : scaled, v);
};

/** What does not change along the summed axes leaves the sum. */
const factorsLeaveSum: Rule = (g, v) => {
  const [x] = v.inputs;
  if (x.op !== 'mul') return undefined;
  const rank = x.shape.length;
  const constantAlong = (f: Value): boolean =>
    axesOf(v).every(axis => (f.shape[f.shape.length - rank + axis] ?? 1) === 1);
  const [a, b] = x.inputs;
  for (const [kept, factor] of [
    [a, b],
    [b, a],
  ])
    if (constantAlong(factor)) return g.binary('mul', g.reduce('sum', fill(g, kept, x), axesOf(v)), factor);
  return undefined;
};

const sumOfSquare: Rule = (g, v) => {
  const [x] = v.inputs;
  return x.op === 'mul' && x.inputs[0] === x.inputs[1] ? g.reduce('sumSquare', x.inputs[0], axesOf(v)) : undefined;
};

/** One reduction for each contiguous run of axes: runtimes are fast on those only. */
const reduceRunByRun: Rule = (g, v) => {
  const [x] = v.inputs;
  const axes = axesOf(v);
  const gap = axes.findIndex((axis, i) => i > 0 && x.shape.slice(axes[i - 1] + 1, axis).some(n => n !== 1));
  if (gap < 0) return undefined;
  const op = v.op as 'sum';
  return g.reduce(op, g.reduce(op, x, axes.slice(0, gap)), axes.slice(gap));
};

const beginOf = (v: Candidate): number[] => v.attributes.begin as number[];

const sliceOfSlice: Rule = (g, v) => {
  const [x] = v.inputs;
  return x.op === 'slice'
    ? g.slice(
        x.inputs[0],
        beginOf(v).map((b, i) => b + beginOf(x)[i]),
        v.shape,
      )
    : undefined;
};

/** A slice that lies within one part of a concatenation. */
const sliceOfConcat: Rule = (g, v) => {
  const [x] = v.inputs;
  if (x.op !== 'concat') return undefined;
  const axis = x.attributes.axis as number;
  const begin = [...beginOf(v)];
  for (const part of x.inputs) {
    if (begin[axis] < part.shape[axis])
      return begin[axis] + v.shape[axis] <= part.shape[axis] ? g.slice(part, begin, v.shape) : undefined;
    begin[axis] -= part.shape[axis];
  }
  return undefined;
};

/** Slices put together again in their order. */
const concatOfItsSlices: Rule = (_, { inputs, attributes, shape }) => {
  const axis = attributes.axis as number;
  const [source] = inputs[0].inputs;
  let at = 0;
  const whole = inputs.every(part => {
    const fits = part.op === 'slice' && part.inputs[0] === source && beginOf(part)[axis] === at;
    at += part.shape[axis];
    return fits;
  });
  return whole && sameShape(source.shape, shape) ? source : undefined;
};

const lastTwoSwapped = (v: Value): boolean => {
  const order = v.attributes.order as number[];
  const last = order.length - 1;
  return order.every((axis, i) => axis === (i === last ? last - 1 : i === last - 1 ? last : i));
};

const transposesEnterMatmul: Rule = (g, { inputs: [a, b], attributes }) => {
  const flips = [a, b].map(v => v.op === 'transpose' && lastTwoSwapped(v));
  if (!flips[0] && !flips[1]) return undefined;
  const [x, y] = [a, b].map((v, i) => (flips[i] ? v.inputs[0] : v));
  return g.matmul(x, y, attributes.transposeA !== flips[0], attributes.transposeB !== flips[1]);
};

const gatherOfSplat: Rule = (g, v) => {
  const value = splatOf(v.inputs[0]);
  return value === undefined ? undefined : g.splat(value, v.shape, v.dtype);
};

const REDUCTIONS = ['sum', 'reduceMax', 'reduceMin', 'product'];

/** All rules, in the order in which they are tried for an operation. */
export const REWRITES: Rules = [
  { name: 'same shape is identity', ops: ['reshape', 'broadcast', 'slice'], rewrite: sameShapeIsIdentity },
  {
    name: 'splats stay splats',
    ops: ['reshape', 'broadcast', 'transpose', 'slice', 'repeatPixels'],
    rewrite: splatsStaySplats,
  },
  { name: 'reshape of reshape', ops: ['reshape'], rewrite: reshapeOfReshape },
  { name: 'reshape moves inside broadcast', ops: ['reshape'], rewrite: reshapeMovesInsideBroadcast },
  { name: 'broadcast of broadcast', ops: ['broadcast'], rewrite: broadcastOfBroadcast },
  { name: 'broadcast keeps rank', ops: ['broadcast'], rewrite: broadcastKeepsRank },
  { name: 'transpose of transpose', ops: ['transpose'], rewrite: transposeOfTranspose },
  { name: 'transpose of unit axes reshapes', ops: ['transpose'], rewrite: transposeOfUnitAxesReshapes },
  { name: 'transpose moves inside broadcast', ops: ['transpose'], rewrite: transposeMovesInsideBroadcast },
  { name: 'unary folds', ops: UNARIES, rewrite: unaryFolds },
  { name: 'unary moves inside broadcast', ops: UNARIES, rewrite: unaryMovesInsideBroadcast },
  { name: 'neg of neg or sub', ops: ['neg'], rewrite: negOfNegOrSub },
  { name: 'cast folds', ops: ['cast'], rewrite: castFolds },
  { name: 'binary folds', ops: BINARIES, rewrite: binaryFolds },
  { name: 'add nothing', ops: ['add', 'sub'], rewrite: addNothing },
  { name: 'add of neg subtracts', ops: ['add', 'sub'], rewrite: addOfNegSubtracts },
  { name: 'mul by one or zero', ops: ['mul'], rewrite: mulByOneOrZero },
  { name: 'mul by minus one', ops: ['mul'], rewrite: mulByMinusOne },
  { name: 'neg leaves mul', ops: ['mul'], rewrite: negLeavesMul },
  { name: 'div by splat multiplies', ops: ['div'], rewrite: divBySplatMultiplies },
  { name: 'small powers', ops: ['pow'], rewrite: smallPowers },
  { name: 'scales gather', ops: ['mul'], rewrite: scalesGather },
  { name: 'binary moves inside broadcast', ops: BINARIES, rewrite: binaryMovesInsideBroadcast },
  { name: 'commutative order', ops: COMMUTATIVE, rewrite: commutativeOrder },
  { name: 'where compacts', ops: ['where'], rewrite: whereCompacts },
  { name: 'reduce unit axes', ops: REDUCTIONS, rewrite: reduceUnitAxes },
  { name: 'sum of splat', ops: ['sum'], rewrite: sumOfSplat },
  { name: 'sum of broadcast', ops: ['sum'], rewrite: sumOfBroadcast },
  { name: 'factors leave sum', ops: ['sum'], rewrite: factorsLeaveSum },
  { name: 'sum of square', ops: ['sum'], rewrite: sumOfSquare },
  { name: 'reduce run by run', ops: REDUCTIONS, rewrite: reduceRunByRun },
  { name: 'slice of slice', ops: ['slice'], rewrite: sliceOfSlice },
  { name: 'slice of concat', ops: ['slice'], rewrite: sliceOfConcat },
  { name: 'concat of its slices', ops: ['concat'], rewrite: concatOfItsSlices },
  { name: 'transposes enter matmul', ops: ['matmul'], rewrite: transposesEnterMatmul },
  { name: 'gather of splat', ops: ['gather'], rewrite: gatherOfSplat },
];
