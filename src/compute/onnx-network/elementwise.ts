/* Element by element. */
import * as tf from '@tensorflow/tfjs-core';
import { broadcastShapes } from '../graph/shapes';
import { shapeSize } from '../host-arrays';
import type { Constant } from './onnx-graph';
import { asFile, asImage, fileShape, imageOf, inFileOrder, isConstant, type Operand, tensorOf } from './operand';
import type { NodeReader, Operator, Operators } from './operator';

type Unary = (x: tf.Tensor, reader: NodeReader) => tf.Tensor;

const unary =
  (f: Unary, ...attributes: string[]): Operator =>
  reader => {
    reader.expectAttributes(...attributes);
    return ([x]) => {
      const { tensor, channelsLast } = tensorOf(x!);
      return [{ tensor: f(tensor, reader), channelsLast }];
    };
  };

/** The numbers of shapes are computed at once: what they are is known as soon as the images' size is. */
const ofIntegers = (a: Constant, b: Constant, f: (p: number, q: number) => number): Constant => {
  const shape = broadcastShapes(a.shape, b.shape);
  const data = Int32Array.from({ length: shapeSize(shape) }, (_, i) =>
    f(a.data[a.data.length === 1 ? 0 : i], b.data[b.data.length === 1 ? 0 : i]),
  );
  return { shape, data, integer: true };
};

const rankOf = (x: Operand): number => fileShape(x).length;

const binary =
  (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, onIntegers: (p: number, q: number) => number): Operator =>
  reader => {
    reader.expectAttributes();
    return ([a, b]) => {
      const [p, q] = [a!, b!];
      if (isConstant(p) && isConstant(q) && p.integer && q.integer) {
        if (p.data.length !== q.data.length && p.data.length !== 1 && q.data.length !== 1)
          reader.refuse('integers of different shapes');
        return [ofIntegers(p, q, onIntegers)];
      }
      const images = [p, q].some(x => !isConstant(x) && x.channelsLast);
      if (images && Math.max(rankOf(p), rankOf(q)) <= 4) return [imageOf(f(asImage(p), asImage(q)))];
      return [inFileOrder(f(asFile(p), asFile(q)))];
    };
  };

/** One operand after the other. */
const variadic =
  (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Operator =>
  reader => {
    const pair = binary(f, () => reader.refuse('of integers'))(reader);
    return (inputs, parameter) => [inputs.reduce((sum, x) => pair([sum, x], parameter)[0])!];
  };

const clip: Operator = reader => {
  reader.expectAttributes('min', 'max');
  const bound = (name: string, i: number, otherwise: number): number =>
    reader.has(i) ? reader.requireConstant(i, name).data[0] : reader.number(name, otherwise);
  const [low, high] = [bound('min', 1, -Infinity), bound('max', 2, Infinity)];
  return ([x]) => {
    const { tensor, channelsLast } = tensorOf(x!);
    const raised = low === -Infinity ? tensor : tf.maximum(tensor, low);
    return [{ tensor: high === Infinity ? raised : tf.minimum(raised, high), channelsLast }];
  };
};

const FLOATS = [1, 10, 11, 16]; // float32, float16, float64, bfloat16: float32 here

const cast: Operator = reader => {
  reader.expectAttributes('to', 'saturate');
  const to = reader.number('to', 0);
  return ([x]) => {
    if (isConstant(x!)) return [FLOATS.includes(to) ? { ...x, data: Float32Array.from(x.data), integer: false } : x];
    if (to !== 1) reader.refuse(`to element type ${to}; only float32 (1) is computed with`);
    return [x!];
  };
};

const gelu: Unary = (x, reader) => {
  if (reader.text('approximate', 'none') !== 'none') reader.refuse("only approximate 'none' is known");
  return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
};

export const ELEMENTWISE: Operators = {
  Add: binary(tf.add, (p, q) => p + q),
  Sub: binary(tf.sub, (p, q) => p - q),
  Mul: binary(tf.mul, (p, q) => p * q),
  Div: binary(tf.div, (p, q) => Math.trunc(p / q)),
  Pow: binary(tf.pow, (p, q) => p ** q),
  Max: variadic(tf.maximum),
  Min: variadic(tf.minimum),
  Sum: variadic(tf.add),
  Relu: unary(x => tf.relu(x)),
  LeakyRelu: unary((x, reader) => tf.leakyRelu(x, reader.number('alpha', 0.01)), 'alpha'),
  Elu: unary((x, reader) => {
    if (reader.number('alpha', 1) !== 1) reader.refuse('only alpha 1 is known');
    return tf.elu(x);
  }, 'alpha'),
  Sigmoid: unary(x => tf.sigmoid(x)),
  HardSigmoid: unary(
    (x, reader) => tf.clipByValue(tf.add(tf.mul(x, reader.number('alpha', 0.2)), reader.number('beta', 0.5)), 0, 1),
    'alpha',
    'beta',
  ),
  HardSwish: unary(x => tf.mul(x, tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1))),
  Softplus: unary(x => tf.softplus(x)),
  Tanh: unary(x => tf.tanh(x)),
  Erf: unary(x => tf.erf(x)),
  Gelu: unary(gelu, 'approximate'),
  Exp: unary(x => tf.exp(x)),
  Log: unary(x => tf.log(x)),
  Sqrt: unary(x => tf.sqrt(x)),
  Abs: unary(x => tf.abs(x)),
  Neg: unary(x => tf.neg(x)),
  Reciprocal: unary(x => tf.reciprocal(x)),
  Clip: clip,
  Cast: cast,
  Identity:
    () =>
    ([x]) => [x!],
  Dropout:
    () =>
    ([x]) => [x!], // a network that is only used leaves nothing out
};
