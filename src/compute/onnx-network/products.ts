/* Matrix products, reductions, softmax, layer normalisation. */
import * as tf from '@tensorflow/tfjs-core';
import { asFile, fileShape, inFileOrder, type Operand } from './operand';
import { integersOf, type NodeReader, type Operator, type Operators } from './operator';

const gemm: Operator = reader => {
  reader.expectAttributes('alpha', 'beta', 'transA', 'transB');
  const [alpha, beta] = [reader.number('alpha', 1), reader.number('beta', 1)];
  const [transA, transB] = ['transA', 'transB'].map(name => reader.number(name, 0) !== 0);
  return ([a, b, c]) => {
    const product = tf.matMul(asFile(a!), asFile(b!), transA, transB);
    const scaled = alpha === 1 ? product : tf.mul(product, alpha);
    if (!c) return [inFileOrder(scaled)];
    return [inFileOrder(tf.add(scaled, beta === 1 ? asFile(c) : tf.mul(asFile(c), beta)))];
  };
};

const matMul: Operator = reader => {
  reader.expectAttributes();
  return ([a, b]) => {
    const [p, q] = [asFile(a!), asFile(b!)];
    if (Math.min(p.rank, q.rank) < 2) reader.refuse('of a vector');
    if (p.rank > 2 && q.rank === 2) {
      const shape: number[] = [...p.shape];
      const rows = tf.reshape(p, [-1, shape[p.rank - 1]]);
      return [inFileOrder(tf.reshape(tf.matMul(rows, q), [...shape.slice(0, -1), q.shape[1]!]))];
    }
    return [inFileOrder(tf.matMul(p, q))];
  };
};

/** Axes as an attribute, or as the second input since opset 13 or 18; none: all. */
const axesOf = (reader: NodeReader, given: Operand | undefined): number[] | undefined =>
  given ? integersOf(reader, given, 'axes') : reader.numbers('axes');

const reduction =
  (f: (x: tf.Tensor, axes: number[] | undefined, keep: boolean) => tf.Tensor): Operator =>
  reader => {
    reader.expectAttributes('axes', 'keepdims', 'noop_with_empty_axes');
    const keep = reader.number('keepdims', 1) !== 0;
    return ([x, given]) => {
      const axes = axesOf(reader, given);
      if (axes?.length === 0 && reader.number('noop_with_empty_axes', 0) !== 0) return [x!];
      return [inFileOrder(f(asFile(x!), axes?.length === 0 ? undefined : axes, keep))];
    };
  };

const softmax: Operator = reader => {
  reader.expectAttributes('axis');
  if (reader.opset < 13) reader.refuse(`as of opset ${reader.opset}; it is known from 13`);
  const axis = reader.number('axis', -1);
  return ([x]) => {
    const tensor = asFile(x!);
    const at = axis < 0 ? axis + tensor.rank : axis;
    if (at === tensor.rank - 1) return [inFileOrder(tf.softmax(tensor))];
    const powers = tf.exp(tf.sub(tensor, tf.max(tensor, at, true)));
    return [inFileOrder(tf.div(powers, tf.sum(powers, at, true)))];
  };
};

const layerNormalization: Operator = reader => {
  reader.expectAttributes('axis', 'epsilon', 'stash_type');
  if (reader.node.outputs.length > 1) reader.refuse('its mean and deviation are not given');
  const epsilon = reader.number('epsilon', 1e-5);
  return ([x, scale, bias]) => {
    const rank = fileShape(x!).length;
    const axis = reader.number('axis', -1);
    const axes = Array.from({ length: rank }, (_, i) => i).slice(axis);
    const tensor = asFile(x!);
    const centred = tf.sub(tensor, tf.mean(tensor, axes, true));
    const variance = tf.mean(tf.square(centred), axes, true);
    const y = tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), asFile(scale!));
    return [inFileOrder(bias ? tf.add(y, asFile(bias)) : y)];
  };
};

export const PRODUCTS: Operators = {
  Gemm: gemm,
  MatMul: matMul,
  ReduceMean: reduction((x, axes, keep) => tf.mean(x, axes, keep)),
  ReduceSum: reduction((x, axes, keep) => tf.sum(x, axes, keep)),
  ReduceMax: reduction((x, axes, keep) => tf.max(x, axes, keep)),
  ReduceL2: reduction((x, axes, keep) => tf.sqrt(tf.sum(tf.square(x), axes, keep))),
  Softmax: softmax,
  LayerNormalization: layerNormalization,
};
