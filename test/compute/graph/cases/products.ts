/* Matrix products by their definition. */
import * as tf from '@tensorflow/tfjs-core';
import { at, build, type Nd, sum } from '../arrays';
import type { KernelCase } from '../kernel-case';

/** c[..., i, j] = sum_k a[..., i, k] b[..., k, j], an operand's last two indices exchanged where it is transposed. */
const product = (a: Nd, b: Nd, batch: readonly number[], transposeA: boolean, transposeB: boolean): Nd => {
  const [m, K] = transposeA ? [...a.shape.slice(-2)].reverse() : a.shape.slice(-2);
  const n = transposeB ? b.shape[b.shape.length - 2] : b.shape[b.shape.length - 1];
  return build([...batch, m, n], (...index) => {
    const [i, j] = index.slice(-2);
    const first = index.slice(0, -2);
    const [p, q] = [a, b].map(x => first.slice(first.length - (x.shape.length - 2)));
    return sum(
      K,
      k => at(a, [...p, ...(transposeA ? [k, i] : [i, k])]) * at(b, [...q, ...(transposeB ? [j, k] : [k, j])]),
    );
  });
};

const flags = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

const shapeOf = (batch: readonly number[], rows: number, columns: number, transposed: boolean): number[] =>
  transposed ? [...batch, columns, rows] : [...batch, rows, columns];

const matMul = (batch: readonly number[], m: number, k: number, n: number): KernelCase[] =>
  flags.map(([ta, tb]) => ({
    kernel: 'BatchMatMul',
    what: `[${batch}] ${m} x ${k} x ${n}${ta ? ', a transposed' : ''}${tb ? ', b transposed' : ''}`,
    inputs: { a: { shape: shapeOf(batch, m, k, ta) }, b: { shape: shapeOf(batch, k, n, tb) } },
    op: ({ a, b }) => tf.matMul(a, b, ta, tb),
    oracle: ({ a, b }) => product(a, b, batch, ta, tb),
  }));

const activations = [
  ['linear', (x: number) => x],
  ['relu', (x: number) => Math.max(x, 0)],
  ['sigmoid', (x: number) => 1 / (1 + Math.exp(-x))],
  ['elu', (x: number) => (x > 0 ? x : Math.expm1(x))],
] as const;

export const productCases: KernelCase[] = [
  ...matMul([], 3, 5, 4),
  ...matMul([], 1, 1, 17),
  ...matMul([3], 2, 3, 5),
  ...matMul([2, 2], 3, 2, 4),
  {
    kernel: 'BatchMatMul',
    what: 'one matrix for the whole batch',
    inputs: { a: { shape: [3, 2, 4] }, b: { shape: [1, 4, 5] } },
    op: ({ a, b }) => tf.matMul(a, b),
    oracle: ({ a, b }) => build([3, 2, 5], (n, i, j) => sum(4, k => at(a, [n, i, k]) * at(b, [0, k, j]))),
    wrt: [], // TensorFlow.js has no gradient here
  },
  {
    kernel: 'BatchMatMul',
    what: 'a factor, and a bias that also repeats the product',
    inputs: { a: { shape: [3, 4] }, b: { shape: [4, 1] }, bias: { shape: [5] } },
    op: ({ a, b, bias }) => tf.add(tf.matMul(a, b), bias),
    oracle: ({ a, b, bias }) => build([3, 5], (i, j) => sum(4, k => at(a, [i, k]) * at(b, [k, 0])) + bias.data[j]),
  },
  {
    kernel: 'BatchMatMul',
    what: 'a bias, and a factor on another product',
    inputs: { a: { shape: [3, 4] }, b: { shape: [4, 5] }, bias: { shape: [1, 5] } },
    op: ({ a, b, bias }) => tf.add(tf.add(tf.matMul(a, b), bias), tf.mul(tf.matMul(tf.neg(a), b), 0.25)),
    oracle: ({ a, b, bias }) =>
      build([3, 5], (i, j) => 0.75 * sum(4, k => at(a, [i, k]) * at(b, [k, j])) + bias.data[j]),
  },
  ...activations.flatMap(([activation, f]) =>
    flags.map(([ta, tb]): KernelCase => ({
      kernel: '_FusedMatMul',
      what: `${activation}${ta ? ', a transposed' : ''}${tb ? ', b transposed' : ''}`,
      inputs: { a: { shape: shapeOf([], 3, 5, ta) }, b: { shape: shapeOf([], 5, 4, tb) }, bias: { shape: [4] } },
      op: ({ a, b, bias }) =>
        tf.fused.matMul({
          a: a,
          b: b,
          transposeA: ta,
          transposeB: tb,
          bias,
          activation,
        }),
      oracle: ({ a, b, bias }) => {
        const y = product(a, b, [], ta, tb);
        return { shape: y.shape, data: y.data.map((v, i) => f(v + bias.data[i % 4])) };
      },
    })),
  ),
];
