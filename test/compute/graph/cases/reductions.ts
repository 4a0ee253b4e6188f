/* Sums and other reductions over every combination of axes; softmax. */
import * as tf from '@tensorflow/tfjs-core';
import { build, indicesOf, type Nd, sum } from '../arrays';
import type { KernelCase, Operand } from '../kernel-case';

/** All elements that fall together when the given axes are left out. */
const along = (x: Nd, axes: readonly number[], keep: boolean, f: (values: number[]) => number): Nd => {
  const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const groups = new Map<string, number[]>();
  indicesOf(x.shape).forEach((index, flat) => {
    const key = index.map((i, axis) => (axes.includes(axis) ? 0 : i)).join();
    groups.set(key, [...(groups.get(key) ?? []), x.data[flat]]);
  });
  const { data } = build(kept, (...index) => f(groups.get(index.join())!));
  return { shape: keep ? kept : kept.filter((_, i) => !axes.includes(i)), data };
};

type Reduce = (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor;

/** First, last, inner, non-adjacent and all axes; none; kept and dropped. */
const reduction = (
  kernel: string,
  op: Reduce,
  f: (values: number[]) => number,
  { operand = {}, wrt }: { operand?: Partial<Operand>; wrt?: readonly string[] } = {},
): KernelCase[] =>
  [[0], [2], [1], [0, 2], [0, 1], [1, 3], [0, 1, 2, 3], []].flatMap(axes =>
    [true, false].map((keep): KernelCase => ({
      kernel,
      what: `axes [${axes}]${keep ? ' kept' : ''}`,
      inputs: { x: { shape: [2, 3, 2, 2], ...operand } },
      op: ({ x }) => op(x, axes, keep),
      oracle: ({ x }) => along(x, axes, keep, f),
      wrt,
    })),
  );

const total = (values: number[]): number => sum(values.length, i => values[i]);
const truths = { operand: { of: (u: number) => Math.floor(1.3 * u) }, wrt: [] };
const mostly = { operand: { of: (u: number) => Math.ceil(u - 0.2) }, wrt: [] };

const softmax = (values: number[]): number[] => {
  const all = total(values.map(Math.exp));
  return values.map(v => Math.exp(v) / all);
};

export const reductionCases: KernelCase[] = [
  ...reduction('Sum', (x, axes, keep) => tf.sum(x, axes, keep), total),
  ...reduction('Mean', (x, axes, keep) => tf.mean(x, axes, keep), values => total(values) / values.length), // prettier-ignore
  ...reduction('Max', (x, axes, keep) => tf.max(x, axes, keep), values => Math.max(...values)), // prettier-ignore
  ...reduction('Min', (x, axes, keep) => tf.min(x, axes, keep), values => Math.min(...values)), // prettier-ignore
  ...reduction('Prod', (x, axes, keep) => tf.prod(x, axes, keep), values => values.reduce((p, v) => p * v, 1), { wrt: [] }), // prettier-ignore
  ...reduction('All', (x, axes, keep) => tf.all(tf.cast(x, 'bool'), axes, keep), values => Number(values.every(v => v !== 0)), mostly), // prettier-ignore
  ...reduction('Any', (x, axes, keep) => tf.any(tf.cast(x, 'bool'), axes, keep), values => Number(values.some(v => v !== 0)), truths), // prettier-ignore
  {
    kernel: 'Sum',
    what: 'truth values are counted',
    inputs: { x: { shape: [3, 5] } },
    op: ({ x }) => tf.sum(tf.greater(x, 0), 1),
    oracle: ({ x }) => along(x, [1], false, values => values.filter(v => v > 0).length),
    wrt: [],
  },
  ...(['int32', 'bool'] as const).map((dtype): KernelCase => ({
    kernel: 'Mean',
    what: `of ${dtype}`,
    inputs: { x: { shape: [3, 5], of: u => Math.floor(2 * u) } },
    op: ({ x }) => tf.mean(tf.cast(x, dtype), 1),
    oracle: ({ x }) => along(x, [1], false, values => total(values) / 5),
    wrt: [],
  })),
  ...[
    [3, 4],
    [2, 3, 4],
  ].map((shape): KernelCase => ({
    kernel: 'Softmax',
    what: `[${shape}]`,
    inputs: { x: { shape, from: -5, to: 5 } },
    op: ({ x }) => tf.softmax(x),
    oracle: ({ x }) => {
      const rows = Array.from({ length: x.data.length / 4 }, (_, i) => [...x.data.slice(4 * i, 4 * i + 4)]);
      return { shape, data: Float64Array.from(rows.flatMap(softmax)) };
    },
  })),
];
