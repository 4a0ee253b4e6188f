import { shapeSize } from '../../../src/compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { uniform } from '../../../src/compute/noise';
import type { Tensors } from '../../../src/compute/tensors';
import { type Nd } from './arrays';
import type { Arrays } from '../../../src/compute/onnx/session';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import type { Shaped } from './shaped';

/** Shape and range of an input; `of` makes its values from uniform numbers instead. */
export type Operand = { shape: readonly number[]; from?: number; to?: number; of?: (u: number) => number };

/** One use of a kernel, and the same in plain JavaScript. */
export type KernelCase = {
  kernel: string;
  what?: string;
  inputs: Record<string, Operand>;
  op: (x: Tensors) => tf.Tensor;
  oracle: (x: Record<string, Nd>) => Nd;
  /** The inputs to differentiate with respect to; all unless given. */
  wrt?: readonly string[];
  /** The gradient of sum(oracle r) by a formula; by central differences of the oracle where there is none. */
  gradient?: (x: Record<string, Nd>, r: Nd) => Record<string, Nd>;
};

/** The largest difference between two arrays, relative to the largest expected magnitude (at least 1). */
export const worst = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  if (actual.length !== expected.length) return Infinity;
  let [difference, scale] = [0, 1];
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue; // also NaN and infinities
    scale = Math.max(scale, Math.abs(expected[i]));
    const gap = Math.abs(actual[i] - expected[i]);
    difference = Math.max(difference, Number.isNaN(gap) ? Infinity : gap);
  }
  return difference / scale;
};

const randomOf = ({ shape, from = -2, to = 2, of }: Operand, stream: string): Nd => ({
  shape,
  data: Float64Array.from(uniform({ seed: 7, stream }, shapeSize(shape)), u =>
    Math.fround(of ? of(u) : from + (to - from) * u),
  ),
});

const STEP = 1e-4;

/** Central differences of sum(f(x) r) with respect to one input. */
const differences = (f: KernelCase['oracle'], x: Record<string, Nd>, name: string, r: Nd): Nd => {
  const loss = (): number => f(x).data.reduce((total, y, i) => total + y * r.data[i], 0);
  const { shape, data } = x[name];
  const gradient = data.map((value, i) => {
    const [more, less] = [value + STEP, value - STEP].map(moved => {
      data[i] = moved;
      return loss();
    });
    data[i] = value;
    return (more - less) / (2 * STEP);
  });
  return { shape, data: gradient };
};

export type Errors = { value: number; gradient: number };

/** What computes a function of named tensors. */
export type Runner = (f: TensorFunction, inputs: Shaped) => Promise<Arrays>;

/** What a case computes, value and gradients, on which inputs, and how far results are from what is expected. */
type Task = { f: TensorFunction; inputs: Shaped; errors: (results: Arrays) => Errors };

export const taskOf = (c: KernelCase): Task => {
  const x = Object.fromEntries(
    Object.entries(c.inputs).map(([name, operand]) => [name, randomOf(operand, `${c.kernel} ${name}`)]),
  );
  const wrt = c.wrt ?? Object.keys(x);
  const expected = c.oracle(x);
  const r = { shape: expected.shape, data: expected.data.map((_, i) => Math.fround(Math.cos(i + 1))) };
  const f = ({ r: weights, ...inputs }: Tensors): Tensors => {
    const y = tf.cast(c.op(inputs), 'float32');
    if (wrt.length === 0) return { y };
    const loss = (...changed: tf.Tensor[]): tf.Scalar => {
      const named = Object.fromEntries(wrt.map((name, i) => [name, changed[i]]));
      return tf.sum(tf.mul(c.op({ ...inputs, ...named }), weights));
    };
    const gradients = tf.grads(loss)(wrt.map(name => inputs[name]));
    return { y, ...Object.fromEntries(wrt.map((name, i) => [`d ${name}`, gradients[i]])) };
  };
  const errors = (results: Arrays): Errors => {
    const formula = wrt.length > 0 ? c.gradient?.(x, r) : undefined;
    const gradients = wrt.map(name =>
      worst(results[`d ${name}`], (formula?.[name] ?? differences(c.oracle, x, name, r)).data),
    );
    return { value: worst(results.y, expected.data), gradient: Math.max(0, ...gradients) };
  };
  return { f, inputs: { ...x, r }, errors };
};

const prefixed = <T>(prefix: string, named: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(named).map(([name, value]) => [prefix + name, value]));

const merged = <T>(named: readonly Record<string, T>[]): Record<string, T> =>
  Object.assign({}, ...named.map((one, i) => prefixed(`${i}/`, one))) as Record<string, T>;

const without = <T>(prefix: string, named: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );

/** The worst errors of each case as `run` computes them, all in one function: compiling costs more than computing. */
export const errorsOf = async (cases: readonly KernelCase[], run: Runner): Promise<Errors[]> => {
  const tasks = cases.map(taskOf);
  const f = (x: Tensors): Tensors => merged(tasks.map((task, i) => task.f(without(`${i}/`, x))));
  const results = await run(f, merged(tasks.map(({ inputs }) => inputs)));
  return tasks.map(({ errors }, i) => errors(without(`${i}/`, results)));
};
