/* What moves elements, and what makes new ones. The oracles say which element goes where. */
import * as tf from '@tensorflow/tfjs-core';
import { at, build, map } from '../arrays';
import type { KernelCase } from '../kernel-case';

const constant = (kernel: string, op: () => tf.Tensor, values: number[]): KernelCase => ({
  kernel,
  what: `[${values}]`,
  inputs: { x: { shape: [values.length] } },
  op: ({ x }) => tf.add(x, tf.cast(op(), 'float32')),
  oracle: ({ x }) => build(x.shape, i => x.data[i] + values[i]),
});

const X = { x: { shape: [2, 3, 4] } };

export const arrangementCases: KernelCase[] = [
  { kernel: 'Identity', inputs: X, op: ({ x }) => tf.mul(tf.clone(x), 2), oracle: ({ x }) => map(x, v => 2 * v) },
  {
    kernel: 'Reshape',
    inputs: X,
    op: ({ x }) => tf.reshape(x, [4, -1]),
    oracle: ({ x }) => ({ shape: [4, 6], data: x.data }),
  },
  ...[
    [0, [1, 2, 3, 4]],
    [-1, [2, 3, 4, 1]],
  ].map(([axis, shape]): KernelCase => ({
    kernel: 'ExpandDims',
    what: `axis ${axis}`,
    inputs: X,
    op: ({ x }) => tf.mul(tf.expandDims(x, axis as number), tf.ones(shape as number[])),
    oracle: ({ x }) => ({ shape: shape as number[], data: x.data }),
  })),
  ...[
    [2, 0, 1],
    [1, 0, 2],
    [0, 2, 1],
  ].map((order): KernelCase => ({
    kernel: 'Transpose',
    what: `order [${order}]`,
    inputs: X,
    op: ({ x }) => tf.transpose(x, order),
    oracle: ({ x }) =>
      build(
        order.map(axis => x.shape[axis]),
        (...index) =>
          at(
            x,
            [0, 1, 2].map(axis => index[order.indexOf(axis)]),
          ),
      ),
  })),
  {
    kernel: 'BroadcastTo',
    what: 'called directly: tf.broadcastTo tiles',
    inputs: { x: { shape: [1, 3, 1] } },
    op: ({ x }) => tf.engine().runKernel('BroadcastTo', { x }, { shape: [2, 3, 4], inputShape: [1, 3, 1] }),
    oracle: ({ x }) => build([2, 3, 4], (_, j) => x.data[j]),
  },
  {
    kernel: 'Tile',
    inputs: { x: { shape: [2, 3] } },
    op: ({ x }) => tf.tile(x, [3, 2]),
    oracle: ({ x }) => build([6, 6], (i, j) => at(x, [i % 2, j % 3])),
  },
  {
    kernel: 'Reverse',
    inputs: X,
    op: ({ x }) => tf.reverse(x, [0, -1]),
    oracle: ({ x }) => build(x.shape, (i, j, k) => at(x, [1 - i, j, 3 - k])),
  },
  {
    kernel: 'Concat',
    inputs: { a: { shape: [2, 3] }, b: { shape: [2, 1] }, c: { shape: [2, 4] } },
    op: ({ a, b, c }) => tf.concat([a, b, c], -1),
    oracle: ({ a, b, c }) =>
      build([2, 8], (i, j) => (j < 3 ? at(a, [i, j]) : j < 4 ? at(b, [i, 0]) : at(c, [i, j - 4]))),
  },
  {
    kernel: 'Concat',
    what: 'more parts than a portable operation may have',
    inputs: Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`p${i}`, { shape: [1 + (i % 3)] }])),
    op: x => tf.concat(Object.values(x)),
    oracle: x => {
      const data = Float64Array.from(Object.values(x).flatMap(part => [...part.data]));
      return { shape: [data.length], data };
    },
  },
  {
    kernel: 'Pack',
    inputs: { a: { shape: [2, 3] }, b: { shape: [2, 3] } },
    op: ({ a, b }) => tf.stack([a, b], 1),
    oracle: ({ a, b }) => build([2, 2, 3], (i, which, j) => at(which === 0 ? a : b, [i, j])),
  },
  {
    kernel: 'Unpack',
    inputs: { x: { shape: [2, 3] } },
    op: ({ x }) => {
      const [a, b, c] = tf.unstack(x, 1);
      return tf.concat([c, a, tf.mul(b, 3)]);
    },
    oracle: ({ x }) => build([6], i => (i < 4 ? 1 : 3) * at(x, [i % 2, [2, 0, 1][Math.floor(i / 2)]])),
  },
  {
    kernel: 'Slice',
    inputs: X,
    op: ({ x }) => tf.slice(x, [1, 0, 1], [1, -1, 2]),
    oracle: ({ x }) => build([1, 3, 2], (_, j, k) => at(x, [1, j, k + 1])),
  },
  {
    kernel: 'SplitV',
    inputs: { x: { shape: [2, 6] } },
    op: ({ x }) => {
      const [a, b, c] = tf.split(x, [1, 3, 2], 1);
      return tf.concat([c, a, tf.mul(b, 3)], 1);
    },
    oracle: ({ x }) => build([2, 6], (i, j) => (j < 3 ? 1 : 3) * at(x, [i, [4, 5, 0, 1, 2, 3][j]])),
  },
  {
    kernel: 'PadV2',
    inputs: { x: { shape: [2, 3] } },
    op: ({ x }) =>
      tf.pad(
        x,
        [
          [1, 0],
          [2, 1],
        ],
        0.5,
      ),
    oracle: ({ x }) => build([3, 6], (i, j) => (i < 1 || j < 2 || j > 4 ? 0.5 : at(x, [i - 1, j - 2]))),
  },
  {
    kernel: 'GatherV2',
    inputs: { x: { shape: [4, 3] } },
    op: ({ x }) => tf.gather(x, tf.tensor2d([1, 3, 0, 1], [2, 2], 'int32'), 0),
    oracle: ({ x }) => build([2, 2, 3], (i, j, k) => at(x, [[1, 3, 0, 1][2 * i + j], k])),
    wrt: [], // its gradient needs a kernel that cannot be traced
  },
  {
    kernel: 'GatherV2',
    what: 'indices that are computed, last axis',
    inputs: { x: { shape: [2, 4] }, i: { shape: [5], from: 0, to: 4 } },
    op: ({ x, i }) => tf.gather(x, tf.cast(i, 'int32'), -1),
    oracle: ({ x, i }) => build([2, 5], (row, j) => at(x, [row, Math.floor(i.data[j])])),
    wrt: [],
  },
  {
    kernel: 'OneHot',
    inputs: { i: { shape: [5], from: 0, to: 4 } },
    op: ({ i }) => tf.oneHot(tf.cast(i, 'int32'), 4),
    oracle: ({ i }) => build([5, 4], (row, k) => Number(Math.floor(i.data[row]) === k)),
    wrt: [],
  },
  {
    kernel: 'OneHot',
    what: 'other values for hit and miss',
    inputs: { i: { shape: [5], from: 0, to: 6 } }, // 4 and 5 are no class
    op: ({ i }) => tf.oneHot(tf.cast(i, 'int32'), 4, 3, -1, 'float32'),
    oracle: ({ i }) => build([5, 4], (row, k) => (Math.floor(i.data[row]) === k ? 3 : -1)),
    wrt: [],
  },
  {
    kernel: 'ZerosLike',
    inputs: X,
    op: ({ x }) => tf.add(x, tf.zerosLike(x)),
    oracle: ({ x }) => x,
  },
  {
    kernel: 'OnesLike',
    inputs: X,
    op: ({ x }) => tf.div(tf.onesLike(x), tf.add(tf.square(x), tf.onesLike(x))),
    oracle: ({ x }) => map(x, v => 1 / (v * v + 1)),
  },
  constant('Fill', () => tf.fill([3], 2.5), [2.5, 2.5, 2.5]),
  constant('Fill', () => tf.fill([2], 7, 'int32'), [7, 7]),
  constant('Range', () => tf.range(1, 8, 2.5), [1, 3.5, 6]),
  constant('Range', () => tf.range(5, 1, -1.5), [5, 3.5, 2]),
  constant('Range', () => tf.range(5, 1), [5, 4, 3, 2]),
  constant('Range', () => tf.range(0, 3, 1, 'int32'), [0, 1, 2]),
  constant('LinSpace', () => tf.linspace(-1, 3, 5), [-1, 0, 1, 2, 3]),
  constant('LinSpace', () => tf.linspace(4, 9, 1), [4]),
];
