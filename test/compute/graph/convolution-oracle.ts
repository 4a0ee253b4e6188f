/* A convolution and its gradients as one loop over all products x w dy, float64. */
import { shapeSize } from '../../../src/compute/host-arrays';
import { type Nd } from './arrays';

export type Pad = 'same' | 'valid' | number | [[number, number], [number, number], [number, number], [number, number]];
export type Geometry = { stride?: number; dilation?: number; pad: Pad };

/** Output size and leading padding along an axis, from the definitions of the paddings; `side` 1 is height, 2 width. */
const axis = (size: number, reach: number, stride: number, pad: Pad, side: 1 | 2): [out: number, before: number] => {
  if (pad === 'same') {
    const out = Math.ceil(size / stride);
    return [out, Math.floor(Math.max((out - 1) * stride + reach - size, 0) / 2)];
  }
  const [before, after] = pad === 'valid' ? [0, 0] : typeof pad === 'number' ? [pad, pad] : pad[side];
  return [Math.floor((size + before + after - reach) / stride) + 1, before];
};

const zeros = (shape: readonly number[]): Nd => ({ shape, data: new Float64Array(shapeSize(shape)) });

export type ConvolutionShapes = { x: readonly number[]; w: readonly number[]; geometry: Geometry };

export const outputShape = ({ x, w, geometry }: ConvolutionShapes): number[] => {
  const { stride = 1, dilation = 1, pad } = geometry;
  const [rows, columns] = ([1, 2] as const).map(
    side => axis(x[side], (w[side - 1] - 1) * dilation + 1, stride, pad, side)[0],
  );
  return [x[0], rows, columns, w[3]];
};

/** Calls f with the flat positions of every x, w and y that belong together. */
const eachProduct = (shapes: ConvolutionShapes, f: (x: number, w: number, y: number) => void): void => {
  const { x: xShape, w: wShape, geometry } = shapes;
  const { stride = 1, dilation = 1, pad } = geometry;
  const [B, H, W, C] = xShape;
  const [kh, kw, , K] = wShape;
  const [, rows, columns] = outputShape(shapes);
  const [, top] = axis(H, (kh - 1) * dilation + 1, stride, pad, 1);
  const [, left] = axis(W, (kw - 1) * dilation + 1, stride, pad, 2);
  for (let b = 0; b < B; b++)
    for (let r = 0; r < rows; r++)
      for (let s = 0; s < columns; s++)
        for (let i = 0; i < kh; i++)
          for (let j = 0; j < kw; j++) {
            const [h, v] = [r * stride + i * dilation - top, s * stride + j * dilation - left];
            if (h < 0 || h >= H || v < 0 || v >= W) continue;
            for (let c = 0; c < C; c++)
              for (let k = 0; k < K; k++)
                f(
                  ((b * H + h) * W + v) * C + c,
                  ((i * kw + j) * C + c) * K + k,
                  ((b * rows + r) * columns + s) * K + k,
                );
          }
};

/** y [B, H', W', K] of x [B, H, W, C] and w [kh, kw, C, K]. */
export const convolution = (x: Nd, w: Nd, geometry: Geometry): Nd => {
  const shapes = { x: x.shape, w: w.shape, geometry };
  const y = zeros(outputShape(shapes));
  eachProduct(shapes, (i, j, k) => (y.data[k] += x.data[i] * w.data[j]));
  return y;
};

/** The gradient of sum(y dy) with respect to x. */
export const inputGradient = (dy: Nd, w: Nd, xShape: readonly number[], geometry: Geometry): Nd => {
  const dx = zeros(xShape);
  eachProduct({ x: xShape, w: w.shape, geometry }, (i, j, k) => (dx.data[i] += dy.data[k] * w.data[j]));
  return dx;
};

/** The gradient of sum(y dy) with respect to w. */
export const filterGradient = (x: Nd, dy: Nd, wShape: readonly number[], geometry: Geometry): Nd => {
  const dw = zeros(wShape);
  eachProduct({ x: x.shape, w: wShape, geometry }, (i, j, k) => (dw.data[j] += x.data[i] * dy.data[k]));
  return dw;
};
