/* Scalar functions: the same formula once through TensorFlow.js and once on numbers. */
import * as tf from '@tensorflow/tfjs-core';
import { at, build, map, type Nd } from '../arrays';
import type { KernelCase, Operand } from '../kernel-case';

type Of1 = (x: tf.Tensor) => tf.Tensor;
type Of2 = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
type Range = readonly [from: number, to: number];

const truth = (condition: boolean): number => Number(condition);
const halfToEven = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** erf(x) = 2 / sqrt(pi) sum_n (-1)^n x^(2n+1) / (n! (2n+1)). */
const erf = (x: number): number => {
  let [term, total] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
};

const unary = (kernel: string, op: Of1, f: (x: number) => number, range: Range = [-2, 2]): KernelCase => ({
  kernel,
  inputs: { x: { shape: [3, 7], from: range[0], to: range[1] } },
  op: ({ x }) => op(x),
  oracle: ({ x }) => map(x, f),
});

/** Functions without a gradient, on the values where they change. */
const onValues = (kernel: string, op: Of1, f: (x: number) => number, values: readonly number[]): KernelCase => ({
  kernel,
  what: 'special values',
  inputs: { x: { shape: [4, 6], of: u => values[Math.floor(u * values.length)] } },
  op: ({ x }) => op(x),
  oracle: ({ x }) => map(x, f),
  wrt: [],
});

const elementwise = (f: (...values: number[]) => number, ...operands: Nd[]): Nd => {
  const rank = Math.max(...operands.map(x => x.shape.length));
  const shape = Array.from({ length: rank }, (_, i) =>
    Math.max(...operands.map(x => x.shape[x.shape.length - rank + i] ?? 1)),
  );
  return build(shape, (...index) => f(...operands.map(x => at(x, index))));
};

const PAIRS: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[3, 4], [3, 4]],
  [[2, 3, 4], [3, 1]],
  [[4], [2, 1, 4]],
  [[], [5]],
]; // prettier-ignore

/** A function of two numbers for equal shapes, and for shapes that broadcast either way. */
const binary = (
  kernel: string,
  op: Of2,
  f: (a: number, b: number) => number,
  { a = {}, b = {}, wrt }: { a?: Partial<Operand>; b?: Partial<Operand>; wrt?: readonly string[] } = {},
): KernelCase[] =>
  PAIRS.map(([p, q]) => ({
    kernel,
    what: `[${p}] and [${q}]`,
    inputs: { a: { shape: p, ...a }, b: { shape: q, ...b } },
    op: t => op(t.a, t.b),
    oracle: x => elementwise(f, x.a, x.b),
    wrt,
  }));

/** TensorFlow.js's gradients of these three are for equal shapes only. */
const equalShapes = (cases: KernelCase[]): KernelCase[] => cases.map((c, i) => (i === 0 ? c : { ...c, wrt: [] }));

/** Numbers of which many are equal. */
const few = { a: { of: (u: number) => Math.floor(3 * u) }, b: { of: (u: number) => Math.floor(3 * u) }, wrt: [] };
const boolean = (x: tf.Tensor): tf.Tensor => tf.cast(x, 'bool');
const SPECIAL = [-Infinity, -1.5, 0, 2, Infinity, NaN];
const HALVES = [-2.5, -1.5, -0.5, -0.2, 0, 0.5, 0.7, 1.5, 2.5, 3];

export const scalarCases: KernelCase[] = [
  unary('Neg', tf.neg, x => -x),
  unary('Exp', tf.exp, Math.exp),
  unary('Expm1', tf.expm1, Math.expm1),
  unary('Log', tf.log, Math.log, [0.2, 4]),
  unary('Log1p', tf.log1p, Math.log1p, [-0.7, 3]),
  unary('Sqrt', tf.sqrt, Math.sqrt, [0.2, 4]),
  unary('Rsqrt', tf.rsqrt, x => 1 / Math.sqrt(x), [0.2, 4]),
  unary('Square', tf.square, x => x * x),
  unary('Reciprocal', tf.reciprocal, x => 1 / x, [0.3, 3]),
  unary('Sigmoid', tf.sigmoid, x => 1 / (1 + Math.exp(-x)), [-6, 6]),
  unary('Tanh', tf.tanh, Math.tanh, [-4, 4]),
  unary('Softplus', tf.softplus, x => Math.log1p(Math.exp(x)), [-5, 5]),
  unary('Elu', tf.elu, x => (x > 0 ? x : Math.expm1(x))),
  { ...unary('EluGrad', tf.elu, x => (x > 0 ? x : Math.expm1(x)), [-4, 1]), what: 'as the gradient of elu' },
  unary('Relu', tf.relu, x => Math.max(x, 0)),
  unary('Relu6', tf.relu6, x => Math.min(Math.max(x, 0), 6), [-3, 9]),
  unary('LeakyRelu', x => tf.leakyRelu(x, 0.1), x => (x > 0 ? x : 0.1 * x)), // prettier-ignore
  { ...unary('LeakyRelu', x => tf.leakyRelu(x, 2), x => (x > 0 ? x : 2 * x)), what: 'slope above 1' }, // prettier-ignore
  unary('Erf', tf.erf, erf, [-3, 3]),
  unary('Abs', tf.abs, Math.abs),
  unary('Sign', tf.sign, Math.sign),
  unary('Floor', tf.floor, Math.floor),
  unary('Ceil', tf.ceil, Math.ceil),
  unary('Round', tf.round, Math.round),
  unary('Step', x => tf.step(x, 0.3), x => (x > 0 ? 1 : 0.3)), // prettier-ignore
  unary('Cos', tf.cos, Math.cos, [-6, 6]),
  unary('Sin', tf.sin, Math.sin, [-6, 6]),
  unary('Tan', tf.tan, Math.tan, [-1, 1]),
  unary('Acos', tf.acos, Math.acos, [-0.9, 0.9]),
  unary('Asin', tf.asin, Math.asin, [-0.9, 0.9]),
  unary('Atan', tf.atan, Math.atan),
  unary('Cosh', tf.cosh, Math.cosh),
  unary('Sinh', tf.sinh, Math.sinh),
  unary('ClipByValue', x => tf.clipByValue(x, -0.5, 1.2), x => Math.min(Math.max(x, -0.5), 1.2)), // prettier-ignore
  onValues('Sign', tf.sign, Math.sign, [-3, 0, 2]),
  onValues('Relu', tf.relu, x => (x > 0 ? x : 0), [-3, 0, 2, Infinity]),
  onValues('Round', tf.round, halfToEven, HALVES),
  onValues('Floor', tf.floor, Math.floor, HALVES),
  onValues('Ceil', tf.ceil, x => Math.ceil(x) + 0, HALVES),
  onValues('Step', x => tf.step(x), (x: number) => (Number.isNaN(x) ? NaN : truth(x > 0)), SPECIAL), // prettier-ignore
  onValues('IsNan', tf.isNaN, x => truth(Number.isNaN(x)), SPECIAL),
  onValues('IsInf', tf.isInf, x => truth(Math.abs(x) === Infinity), SPECIAL),
  onValues('IsFinite', tf.isFinite, x => truth(Number.isFinite(x)), SPECIAL),
  onValues('LogicalNot', x => tf.logicalNot(boolean(x)), x => truth(x === 0), [0, 1]), // prettier-ignore

  ...binary('Add', tf.add, (a, b) => a + b),
  ...binary('Sub', tf.sub, (a, b) => a - b),
  ...binary('Multiply', tf.mul, (a, b) => a * b),
  ...binary('RealDiv', tf.div, (a, b) => a / b, { b: { from: 0.4, to: 3 } }),
  ...binary('Pow', tf.pow, Math.pow, { a: { from: 0.3, to: 2 }, b: { from: -1.5, to: 2 } }),
  ...equalShapes(binary('Maximum', tf.maximum, Math.max)),
  ...equalShapes(binary('Minimum', tf.minimum, Math.min)),
  ...equalShapes(binary('SquaredDifference', tf.squaredDifference, (a, b) => (a - b) ** 2)),
  ...binary('Greater', tf.greater, (a, b) => truth(a > b), few),
  ...binary('GreaterEqual', tf.greaterEqual, (a, b) => truth(a >= b), few),
  ...binary('Less', tf.less, (a, b) => truth(a < b), few),
  ...binary('LessEqual', tf.lessEqual, (a, b) => truth(a <= b), few),
  ...binary('Equal', tf.equal, (a, b) => truth(a === b), few),
  ...binary('NotEqual', tf.notEqual, (a, b) => truth(a !== b), few),
  ...binary('LogicalAnd', (a, b) => tf.logicalAnd(boolean(a), boolean(b)), (a, b) => truth(a !== 0 && b !== 0), few), // prettier-ignore
  ...binary('LogicalOr', (a, b) => tf.logicalOr(boolean(a), boolean(b)), (a, b) => truth(a !== 0 || b !== 0), few), // prettier-ignore
  ...binary('Prelu', (x, alpha) => tf.prelu(x, alpha), (x, alpha) => (x < 0 ? alpha * x : x)).slice(0, 1), // prettier-ignore
  ...[2, 3, 0.5, -1, 1, 0].map(exponent => ({
    ...unary('Pow', x => tf.pow(x, exponent), x => x ** exponent, [0.3, 2]), // prettier-ignore
    what: `the constant power ${exponent}`,
  })),
  {
    kernel: 'AddN',
    inputs: { a: { shape: [2, 3] }, b: { shape: [2, 3] }, c: { shape: [2, 3] } },
    op: ({ a, b, c }) => tf.addN([a, b, c]),
    oracle: ({ a, b, c }) => elementwise((x, y, z) => x + y + z, a, b, c),
  },
  {
    kernel: 'Select',
    inputs: { c: { shape: [3, 4] }, a: { shape: [3, 4] }, b: { shape: [3, 4] } },
    op: ({ c, a, b }) => tf.where(tf.greater(c, 0), a, b),
    oracle: ({ c, a, b }) => elementwise((z, x, y) => (z > 0 ? x : y), c, a, b),
    wrt: ['a', 'b'],
  },
  {
    kernel: 'Select',
    what: 'truth values',
    inputs: { c: { shape: [3, 4] }, a: { shape: [3, 4] }, b: { shape: [3, 4] } },
    op: ({ c, a, b }) => tf.where(tf.greater(c, 0), tf.greater(a, 0), tf.less(b, 0)),
    oracle: ({ c, a, b }) => elementwise((z, x, y) => truth(z > 0 ? x > 0 : y < 0), c, a, b),
    wrt: [],
  },
  ...(
    [
      ['float32 to int32: towards zero', 'int32', Math.trunc],
      ['float32 to bool', 'bool', (x: number) => truth(x !== 0)],
    ] as const
  ).map(([what, dtype, f]): KernelCase => ({
    ...onValues('Cast', x => tf.cast(x, dtype), f, [-2.7, -0.5, 0, 0.5, 3.9]),
    what,
  })),
];
