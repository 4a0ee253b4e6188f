/*
 * tfjs-backend-wasm has no gradient kernel for convolution weights and slow paths for others; tfjs-backend-cpu's take
 * seconds. Here they are composed from the same backend's fast kernels. Axis letters: B batch, H W height and width, C input channels, K output channels.
 */
import { shapeSize } from './host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { wasmSlice, wasmSplit } from './wasm-slice';

type Inputs = Record<string, tf.Tensor>; // the engine hands its own tensors to kernels
/** A kernel on the engine's own tensors. */
export type Kernel = (inputs: Inputs, attrs: Record<string, unknown>) => tf.Tensor | tf.Tensor[];

/** The kernel that is registered. */
export const original = (kernelName: string, backendName: string): tf.KernelFunc => {
  const kernel = tf.getKernel(kernelName, backendName);
  if (!kernel) throw new Error(`${backendName} kernel ${kernelName} is missing`);
  return kernel.kernelFunc;
};

/** Registers a kernel, in the place of another. */
export const replace = (kernelName: string, backendName: string, kernel: Kernel): void => {
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => kernel(inputs as Inputs, (attrs ?? {}) as Record<string, unknown>)),
  });
};

const convInfo = (
  xShape: number[],
  filterShape: number[],
  { strides, pad, dimRoundingMode }: Record<string, unknown>,
): tf.backend_util.Conv2DInfo =>
  tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides as number | [number, number],
    1,
    pad as 'same' | 'valid' | number,
    dimRoundingMode as undefined,
  );

/** dW [kh, kw, C, K]: a convolution in which batch and channels change places; a stride becomes a dilation. */
const conv2DBackpropFilter: Kernel = ({ x, dy }, attrs) => {
  const filterShape = attrs.filterShape as [number, number, number, number];
  const [kh, kw, c, k] = filterShape;
  const { padInfo, strideHeight, strideWidth } = convInfo(x.shape, filterShape, attrs);
  if (kh === 1 && kw === 1 && tf.util.arraysEqual(x.shape.slice(1, 3), dy.shape.slice(1, 3))) {
    const columns = tf.transpose(tf.reshape(x, [-1, c]));
    return tf.reshape(tf.matMul(columns as tf.Tensor2D, tf.reshape(dy, [-1, k])), filterShape);
  }
  const images = tf.transpose(x, [3, 1, 2, 0]) as tf.Tensor4D; // [C, H, W, B]
  const filter = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D; // [H', W', B, K]
  const { top, bottom, left, right } = padInfo;
  const pads: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const dilations: [number, number] = [strideHeight, strideWidth];
  const dw = tf.conv2d(images, filter, 1, pads, 'NHWC', dilations); // [C, >= kh, >= kw, K]
  const exact = dw.shape[1] === kh && dw.shape[2] === kw;
  return tf.transpose(exact ? dw : tf.slice(dw, [0, 0, 0, 0], [c, kh, kw, k]), [1, 2, 0, 3]);
};

/** dX [B, H, W, C], stride 1: a forward convolution of dY with the kernel turned round and transposed. */
const conv2DBackpropInput =
  (fallback: tf.KernelFunc): Kernel =>
  ({ dy, filter }, attrs) => {
    const inputShape = attrs.inputShape as [number, number, number, number];
    const { padInfo, strideHeight, strideWidth } = convInfo(inputShape, filter.shape, attrs);
    const [kh, kw, c, k] = filter.shape;
    const { top, bottom, left, right } = padInfo;
    const wide = Math.max(top, bottom) >= kh || Math.max(left, right) >= kw; // some outputs see padding only
    if (strideHeight !== 1 || strideWidth !== 1 || wide)
      return fallback({ inputs: { dy, filter }, attrs: attrs as tf.NamedAttrMap, backend: tf.backend() }) as tf.Tensor;
    if (kh === 1 && kw === 1) {
      const weights = tf.transpose(tf.reshape(filter, [c, k]));
      return tf.reshape(tf.matMul(tf.reshape(dy, [-1, k]), weights as tf.Tensor2D), inputShape);
    }
    const taps = tf.split(tf.reshape(filter, [kh * kw, c, k]), kh * kw).reverse(); // faster than the Reverse kernel
    const turned = tf.transpose(tf.reshape<tf.Rank.R4>(tf.concat(taps), [kh, kw, c, k]), [0, 1, 3, 2]);
    const pads: tf.backend_util.ExplicitPadding = [
      [0, 0],
      [kh - 1 - top, kh - 1 - bottom],
      [kw - 1 - left, kw - 1 - right],
      [0, 0],
    ];
    return tf.conv2d(dy as tf.Tensor4D, turned, 1, pads);
  };

/** Above this many multiplications a matrix of a batch is worth a call of its own. */
const LARGE_PRODUCT = 2 ** 18;

/** Large matrix products one by one and without transpose flags: the shipped kernel is fast in that case only. */
const batchMatMul =
  (shipped: tf.KernelFunc): Kernel =>
  ({ a, b }, attrs) => {
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    const run = (x: tf.Tensor, y: tf.Tensor, flags: tf.NamedAttrMap): tf.Tensor => {
      const info = shipped({ inputs: { a: x, b: y }, attrs: flags, backend: tf.backend() }) as tf.TensorInfo;
      return tf.engine().makeTensorFromTensorInfo(info);
    };
    const batch = shapeSize(a.shape.slice(0, -2));
    const [rows, inner] = a.shape.slice(-2);
    const columns = b.shape[b.rank - (transposeB ? 2 : 1)];
    const shared = batch === shapeSize(b.shape.slice(0, -2));
    if (!shared || (batch > 1 && rows * inner * columns < LARGE_PRODUCT)) return run(a, b, { transposeA, transposeB });
    const flip = (t: tf.Tensor): tf.Tensor => tf.transpose(t, [...t.shape.slice(2).keys(), t.rank - 1, t.rank - 2]);
    const [left, right] = [transposeA ? flip(a) : a, transposeB ? flip(b) : b];
    const plain = { transposeA: false, transposeB: false };
    if (batch === 1) return run(left, right, plain);
    const matrices = (t: tf.Tensor): tf.Tensor3D[] => {
      const shape: [number, number, number] = [batch, t.shape[t.rank - 2], t.shape[t.rank - 1]];
      const stacked = tf.reshape<tf.Rank.R3>(t, shape);
      return Array.from({ length: batch }, (_, i) => tf.slice(stacked, [i, 0, 0], [1, shape[1], shape[2]]));
    };
    const ys = matrices(right);
    const products = matrices(left).map((x, i) => run(x, ys[i], plain));
    return tf.reshape(tf.concat(products, 0), [...left.shape.slice(0, -1), right.shape[right.rank - 1]]);
  };

const done = new Set<string>();

/** Gives wasm or cpu what training needs: fast gradients of convolutions, and on wasm fast products in every layout. */
export const registerKernels = (backend: 'wasm' | 'cpu'): void => {
  if (done.has(backend)) return;
  done.add(backend);
  replace('Conv2DBackpropFilter', backend, conv2DBackpropFilter);
  replace('Conv2DBackpropInput', backend, conv2DBackpropInput(original('Conv2DBackpropInput', backend)));
  if (backend !== 'wasm') return;
  replace('BatchMatMul', backend, batchMatMul(original('BatchMatMul', backend)));
  const wasm = (): BackendWasm => tf.backend() as BackendWasm;
  replace('Identity', backend, ({ x }) => {
    wasm().incRef(x.dataId); // tensors never change: share the data, where the shipped kernel copies it
    return tf.engine().makeTensorFromDataId(x.dataId, x.shape, x.dtype);
  });
  replace('Slice', backend, ({ x }, { begin, size }) => wasmSlice(wasm(), x, begin as number[], size as number[]));
  replace('SplitV', backend, ({ x }, { numOrSizeSplits, axis }) =>
    wasmSplit(wasm(), x, numOrSizeSplits as number[], axis as number),
  );
};
