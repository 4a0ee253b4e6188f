/*
 * Convolutions and their two gradients: by matrix products where the kernel is one pixel, else in blocks (fast, ONNX
 * Runtime on x86) or in standard ONNX. Letters: B batch, H W height and width, C input channels, K output channels.
 */
import { type ConvGeometry, geometryOf, type Value } from '../graph';
import { blockedConv, blockedFilterGradient, blockedInputGradient } from './blocked-convolutions';
import type { Emitter, Emitters, Lowering } from './lowering';
import { MICROSOFT } from './onnx-builder';
import {
  portableConv,
  portableDepthwise,
  portableFilterGradient,
  portableInputGradient,
} from './portable-convolutions';

const isPointwise = ({ kernel, strides, pads }: ConvGeometry): boolean =>
  [...kernel, ...strides].every(n => n === 1) && pads.every(n => n === 0);

/** Rows of channels: [B, H, W, C] to [B H W, C]. */
const rows = (x: Value, { builder, name }: Lowering): string =>
  builder.reshape(name(x), [-1, x.shape[x.shape.length - 1]]);

const pointwise = (x: Value, filter: Value, bias: Value | undefined, shape: readonly number[], l: Lowering): string => {
  const { builder, name } = l;
  const [, , C, K] = filter.shape;
  const operands = [rows(x, l), builder.reshape(name(filter), [C, K])];
  const y = bias
    ? builder.add('Gemm', [...operands, builder.reshape(name(bias), [K])])
    : builder.add('MatMul', operands);
  return builder.reshape(y, shape);
};

/** A convolution, with its bias where one is added to it alone. */
export const convolution = (conv: Value, bias: Value | undefined, lowering: Lowering): string => {
  const [x, filter] = conv.inputs;
  if (isPointwise(geometryOf(conv))) return pointwise(x, filter, bias, conv.shape, lowering);
  return lowering.target.block > 0 ? blockedConv(conv, bias, lowering) : portableConv(conv, bias, lowering);
};

const inputGradient: Emitter = (value, lowering) => {
  const { builder, name, target } = lowering;
  const [dy, filter] = value.inputs;
  const [, , C, K] = filter.shape;
  const geometry = geometryOf(value);
  if (isPointwise(geometry)) {
    const operands = [rows(dy, lowering), builder.reshape(name(filter), [C, K])];
    const dx = target.extended
      ? builder.add('FusedMatMul', operands, { transB: 1 }, MICROSOFT)
      : builder.add('MatMul', [operands[0], builder.transpose(operands[1], [1, 0])]);
    return builder.reshape(dx, value.shape);
  }
  const { kernel, strides, dilations, pads } = geometry;
  const unitStride = strides.every(n => n === 1);
  const narrow = pads.every((p, i) => p <= (kernel[i % 2] - 1) * dilations[i % 2]); // else some outputs see padding only
  return target.block > 0 && unitStride && narrow
    ? blockedInputGradient(value, lowering)
    : portableInputGradient(value, lowering);
};

const filterGradient: Emitter = (value, lowering) => {
  const { builder, target } = lowering;
  const [x, dy] = value.inputs;
  const geometry = geometryOf(value);
  if (isPointwise(geometry)) {
    const operands = [rows(x, lowering), rows(dy, lowering)];
    const dw = target.extended
      ? builder.add('FusedMatMul', operands, { transA: 1 }, MICROSOFT)
      : builder.add('MatMul', [builder.transpose(operands[0], [1, 0]), operands[1]]);
    return builder.reshape(dw, value.shape);
  }
  const undilated = geometry.dilations.every(n => n === 1);
  return target.block > 0 && undilated
    ? blockedFilterGradient(value, lowering)
    : portableFilterGradient(value, lowering);
};

export const CONVOLUTION_EMITTERS: Emitters = {
  conv: (value, lowering) => convolution(value, undefined, lowering),
  convInput: inputGradient,
  convFilter: filterGradient,
  depthwise: portableDepthwise,
};
