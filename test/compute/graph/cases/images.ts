/* Convolutions, their gradients, pooling and resizing. Axis letters: B batch, H W height and width, C K channels. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../../../../src/compute/tensors';
import { at, build, sum } from '../arrays';
import {
  convolution,
  filterGradient,
  type Geometry,
  inputGradient,
  outputShape,
  type Pad,
} from '../convolution-oracle';
import type { KernelCase } from '../kernel-case';

type Sizes = { B: number; H: number; W: number; C: number; K: number; kh: number; kw: number };

/** A convolution and its two gradients, each as a case of its own. */
const threeWays = ({ B, H, W, C, K, kh, kw }: Sizes, geometry: Geometry): KernelCase[] => {
  const { stride = 1, pad } = geometry;
  const [x, w] = [
    [B, H, W, C],
    [kh, kw, C, K],
  ];
  const y = outputShape({ x, w, geometry });
  const what = `[${x}] * [${w}] stride ${stride} pad ${JSON.stringify(pad)}`;
  const conv = (image: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
    tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, stride, pad);
  const gradient = (which: 0 | 1, { image, filter, dy }: Tensors): tf.Tensor =>
    tf.grads(conv)([image, filter], dy)[which];
  return [
    {
      kernel: 'Conv2D',
      what,
      inputs: { image: { shape: x }, filter: { shape: w } },
      op: t => conv(t.image, t.filter),
      oracle: a => convolution(a.image, a.filter, geometry),
      wrt: [],
    },
    {
      kernel: 'Conv2DBackpropInput',
      what,
      inputs: { filter: { shape: w }, dy: { shape: y } },
      op: t => gradient(0, { ...t, image: tf.zeros(x) }),
      oracle: a => inputGradient(a.dy, a.filter, x, geometry),
      wrt: [],
    },
    {
      kernel: 'Conv2DBackpropFilter',
      what,
      inputs: { image: { shape: x }, dy: { shape: y } },
      op: t => gradient(1, { ...t, filter: tf.zeros(w) }),
      oracle: a => filterGradient(a.image, a.dy, w, geometry),
      wrt: [],
    },
  ];
};

const UNEVEN: Pad = [
  [0, 0],
  [1, 2],
  [0, 1],
  [0, 0],
];
/** Channels that do not fill blocks of 8 or 16, in turn. */
const CHANNELS = [
  [1, 5],
  [3, 17],
  [17, 3],
  [5, 1],
  [16, 8],
] as const;

const geometries = [1, 3, 5].flatMap(k =>
  [1, 2].flatMap(stride => (['same', 'valid', 1, 3, UNEVEN] as const).map(pad => ({ k, stride, pad }))),
);

const activations = [
  ['linear', (v: number) => v],
  ['relu', (v: number) => Math.max(v, 0)],
  ['sigmoid', (v: number) => 1 / (1 + Math.exp(-v))],
] as const;

const depthwise = (stride: number, pad: 'same' | 'valid', dilation: number): KernelCase => ({
  kernel: 'DepthwiseConv2dNative',
  what: `stride ${stride} pad ${pad} dilation ${dilation}`,
  inputs: { x: { shape: [2, 6, 7, 3] }, w: { shape: [3, 3, 3, 1] } },
  op: ({ x, w }) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad, 'NHWC', dilation),
  oracle: ({ x, w }) => {
    const planes = [0, 1, 2].map(c =>
      convolution(
        build([2, 6, 7, 1], (b, i, j) => at(x, [b, i, j, c])),
        build([3, 3, 1, 1], (i, j) => at(w, [i, j, c, 0])),
        { stride, dilation, pad },
      ),
    );
    return build([...planes[0].shape.slice(0, 3), 3], (b, i, j, c) => at(planes[c], [b, i, j, 0]));
  },
  wrt: [], // its gradient cannot be traced
});

const pooling = ([h, w]: [number, number], kernel: string): KernelCase => ({
  kernel,
  what: `windows of ${h} x ${w}`,
  inputs: { x: { shape: [2, 4, 6, 3] } },
  op: ({ x }) => tf.avgPool(x as tf.Tensor4D, [h, w], [h, w], 'valid'),
  oracle: ({ x }) =>
    build([2, 4 / h, 6 / w, 3], (b, r, s, c) =>
      sum(h * w, i => at(x, [b, r * h + Math.floor(i / w), s * w + (i % w), c]) / (h * w)),
    ),
});

const resizing = ([h, w]: [number, number], kernel: string): KernelCase => ({
  kernel,
  what: `${h} x ${w} times`,
  inputs: { x: { shape: [2, 4, 4, 3] } },
  op: ({ x }) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [4 * h, 4 * w]),
  oracle: ({ x }) => build([2, 4 * h, 4 * w, 3], (b, i, j, c) => at(x, [b, Math.floor(i / h), Math.floor(j / w), c])),
});

export const imageCases: KernelCase[] = [
  ...geometries.flatMap(({ k, stride, pad }, i) => {
    const [C, K] = CHANNELS[i % CHANNELS.length];
    return threeWays({ B: 3, H: 7, W: 6, C, K, kh: k, kw: k }, { stride, pad });
  }),
  ...threeWays({ B: 17, H: 4, W: 5, C: 16, K: 16, kh: 3, kw: 3 }, { pad: 'same' }),
  ...threeWays({ B: 1, H: 8, W: 8, C: 1, K: 1, kh: 3, kw: 3 }, { pad: 'same' }),
  ...threeWays({ B: 2, H: 5, W: 6, C: 3, K: 5, kh: 1, kw: 3 }, { pad: 'same' }),
  ...threeWays({ B: 2, H: 8, W: 8, C: 4, K: 5, kh: 4, kw: 4 }, { stride: 2, pad: 1 }),
  ...threeWays({ B: 2, H: 9, W: 8, C: 4, K: 5, kh: 2, kw: 2 }, { stride: 3, pad: 'valid' }),
  ...(['same', 'valid'] as const).map((pad): KernelCase => ({
    kernel: 'Conv2D',
    what: `dilation 2 pad ${pad}`,
    inputs: { x: { shape: [3, 7, 8, 5] }, w: { shape: [3, 3, 5, 3] } },
    op: ({ x, w }) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, pad, 'NHWC', 2),
    oracle: ({ x, w }) => convolution(x, w, { pad, dilation: 2 }),
    wrt: [], // TensorFlow.js has no gradient here
  })),
  {
    kernel: 'Conv2D',
    what: 'a bias that also repeats the result, and one used twice',
    inputs: { x: { shape: [2, 4, 4, 3] }, w: { shape: [3, 3, 3, 1] }, bias: { shape: [5] } },
    op: ({ x, w, bias }) => {
      const y = tf.add(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), bias);
      return tf.add(y, tf.square(bias));
    },
    oracle: ({ x, w, bias }) => {
      const y = convolution(x, w, { pad: 'same' });
      return build([2, 4, 4, 5], (b, i, j, k) => at(y, [b, i, j, 0]) + bias.data[k] + bias.data[k] ** 2);
    },
  },
  ...activations.map(([activation, f]): KernelCase => ({
    kernel: 'FusedConv2D',
    what: activation,
    inputs: { x: { shape: [2, 4, 4, 3] }, w: { shape: [3, 3, 3, 5] }, bias: { shape: [5] } },
    op: ({ x, w, bias }) =>
      tf.fused.conv2d({ x: x as tf.Tensor4D, filter: w as tf.Tensor4D, strides: 1, pad: 'same', bias, activation }),
    oracle: ({ x, w, bias }) => {
      const { shape, data } = convolution(x, w, { pad: 'same' });
      return { shape, data: data.map((v, i) => f(v + bias.data[i % 5])) };
    },
  })),
  ...[1, 2].map((stride): KernelCase => ({
    kernel: 'Conv2DBackpropInput',
    what: `as a transposed convolution, stride ${stride}, with gradients`,
    inputs: { x: { shape: [2, 3, 4, 5] }, w: { shape: [3, 3, 3, 5] } },
    op: ({ x, w }) =>
      tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 3 * stride, 4 * stride, 3], stride, 'same'),
    oracle: ({ x, w }) => inputGradient(x, w, [2, 3 * stride, 4 * stride, 3], { stride, pad: 'same' }),
  })),
  depthwise(1, 'same', 1),
  depthwise(2, 'same', 1),
  depthwise(1, 'valid', 2),
  ...['AvgPool', 'AvgPoolGrad'].flatMap(kernel => [pooling([2, 2], kernel), pooling([1, 3], kernel)]),
  ...['ResizeNearestNeighbor', 'ResizeNearestNeighborGrad'].flatMap(kernel => [
    resizing([2, 2], kernel),
    resizing([1, 3], kernel),
  ]),
];
