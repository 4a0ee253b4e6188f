/* Random expressions over a few inputs and constants, the same for any graph: a list of numbers says what to do. */
import { shapeSize } from '../../../src/compute/host-arrays';
import fc from 'fast-check';
import type { Graph, Value } from '../../../src/compute/graph/graph';
import { broadcastShapes } from '../../../src/compute/graph/shapes';
import { gaussians } from '../../close';
import { type Nd } from './arrays';

export type Instruction = { op: number; a: number; b: number; n: number };

export const INPUTS: Record<string, readonly number[]> = { x: [2, 3], y: [3], z: [2, 1, 3], u: [1, 2, 2] };

export const inputArrays = (): Record<string, Nd> =>
  Object.fromEntries(
    Object.entries(INPUTS).map(([name, shape]) => [
      name,
      { shape, data: Float64Array.from(gaussians(shapeSize(shape), name)) },
    ]),
  );

const LARGEST = 96;
const UNARY = ['neg', 'abs', 'relu', 'tanh', 'sigmoid', 'softplus', 'cos'] as const;
const BINARY = ['add', 'sub', 'mul', 'max', 'min'] as const;
const REDUCE = ['sum', 'reduceMax', 'reduceMin'] as const;

const broadcasts = (a: Value, b: Value): boolean => {
  try {
    return shapeSize(broadcastShapes(a.shape, b.shape)) <= LARGEST;
  } catch {
    return false;
  }
};

const permutation = (rank: number, n: number): number[] => {
  const left = [...Array(rank).keys()];
  return Array.from({ length: rank }, (_, i) => left.splice(Math.floor(n / (i + 1)) % left.length, 1)[0]);
};

const replaced = (list: readonly number[], axis: number, value: number): number[] =>
  list.map((n, i) => (i === axis ? value : n));

type Make = (g: Graph, a: Value, b: Value, n: number) => Value | undefined;

const MAKERS: Make[] = [
  (g, a, _, n) => g.unary(UNARY[n % UNARY.length], a),
  (g, a, b, n) => (broadcasts(a, b) ? g.binary(BINARY[n % BINARY.length], a, b) : undefined),
  (g, a, b, n) => (broadcasts(a, b) ? g.binary(BINARY[n % BINARY.length], a, b) : undefined), // as often as two others
  (g, a, _, n) => g.binary('div', a, g.splat([2, -4, 1][n % 3], a.shape)),
  (g, a, _, n) => g.binary('pow', g.binary('add', g.unary('abs', a), g.splat(0.5)), g.splat([1, 2, 0.5][n % 3])),
  (g, a, b) => {
    const condition = g.binary('less', g.inputs[0], g.splat(0.1)); // of an input: rounding cannot turn it
    return broadcasts(a, b) && broadcasts(condition, a) && broadcasts(condition, b)
      ? g.where(condition, a, b)
      : undefined;
  },
  g => g.cast(g.binary('less', g.inputs[1], g.splat(0)), 'float32'),
  (g, a, _, n) => {
    const size = shapeSize(a.shape);
    const shapes = [[size], [1, size], [size, 1], [...a.shape, 1], [1, ...a.shape], [size / 2, 2], [2, 1, size / 2]];
    const shape = shapes[n % shapes.length];
    return shape.every(Number.isInteger) ? g.reshape(a, shape) : undefined;
  },
  (g, a, _, n) => g.transpose(a, permutation(a.shape.length, n)),
  (g, a, _, n) => {
    const shape = a.shape.map((m, i) => (m === 1 && (n >> i) % 2 === 0 ? 2 : m));
    const wide = n % 3 === 0 ? [2, ...shape] : shape;
    return shapeSize(wide) <= LARGEST ? g.broadcast(a, wide) : undefined;
  },
  (g, a, _, n) => {
    const axes = a.shape.map((_size, i) => i).filter(i => (n >> i) % 2 === 0);
    return g.reduce(REDUCE[(n >> 4) % REDUCE.length], a, axes);
  },
  (g, a, b, n) => {
    const axis = a.shape.length > 0 ? n % a.shape.length : -1;
    const fits = a.shape.length === b.shape.length && a.shape.every((m, i) => i === axis || m === b.shape[i]);
    return axis >= 0 && fits && shapeSize(a.shape) + shapeSize(b.shape) <= LARGEST ? g.concat([a, b], axis) : undefined;
  },
  (g, a, _, n) => {
    const axis = a.shape.findIndex(m => m > 1);
    if (axis < 0) return undefined;
    const cut = 1 + (n % (a.shape[axis] - 1));
    const part = (from: number, to: number): Value =>
      g.slice(a, replaced(a.shape.map(() => 0), axis, from), replaced(a.shape, axis, to - from)); // prettier-ignore
    const [head, tail] = [part(0, cut), part(cut, a.shape[axis])];
    return [head, tail, g.concat([head, tail], axis), g.concat([tail, head], axis)][n % 4];
  },
  (g, a, _, n) => {
    if (a.shape.length < 2) return undefined;
    const rank = a.shape.length;
    const turned = g.transpose(a, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
    return n % 2 === 0 ? g.matmul(a, turned) : g.matmul(turned, a, n % 4 === 1, n % 4 === 1);
  },
];

/** Carries the instructions out on a graph; those that do not fit are passed over. */
export const execute = (g: Graph, program: readonly Instruction[]): Value => {
  const inputs = Object.entries(INPUTS).map(([name, shape]) => g.input(name, shape));
  const values = [g.splat(0), g.splat(1, [3]), g.splat(-1), g.splat(2, [2, 3]), ...inputs];
  for (const { op, a, b, n } of program) {
    // the newest values are used most
    const pick = (i: number): Value => values[values.length - 1 - (i % Math.min(values.length, i % 3 === 0 ? 99 : 4))];
    const made = MAKERS[op % MAKERS.length](g, pick(a), pick(b), n);
    if (made && shapeSize(made.shape) <= LARGEST) values.push(made);
  }
  return values[values.length - 1];
};

export const programs = (maxLength = 18): fc.Arbitrary<Instruction[]> =>
  fc.array(fc.record({ op: fc.nat(1000), a: fc.nat(1000), b: fc.nat(1000), n: fc.nat(1000) }), {
    minLength: 6,
    maxLength,
  });
