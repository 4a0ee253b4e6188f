/*
 * Convolutions by ONNX Runtime's operators for blocked channels, [B, C/b, H, W, b] with b = 8 on AVX2 and 16 on AVX-512.
 * The runtime itself uses them for constant filters only; they take filters that change from run to run as well.
 * Letters: B batch, C input channels, K output channels, each rounded up to whole blocks.
 */
import type { Shape } from '../host-arrays';
import { geometryOf, type Value } from '../graph';
import type { Lowering } from './lowering';
import { BLOCKED, type OnnxBuilder } from './onnx-builder';

const roundUp = (n: number, block: number): number => Math.ceil(n / block) * block;

/** Zeros behind the last entries, up to `to`. */
const padTo = (builder: OnnxBuilder, x: string, from: Shape, to: Shape): string =>
  builder.pad(
    x,
    from.map(() => 0),
    from.map((n, i) => to[i] - n),
  );

/** [B, H, W, C] into blocks; the channels filled up with zeros. */
const intoBlocks = (x: string, shape: Shape, { builder, target: { block } }: Lowering): string => {
  const [B, H, W, C] = shape;
  const padded = padTo(builder, x, shape, [B, H, W, roundUp(C, block)]);
  return builder.add('ReorderInput', [padded], { channels_last: 1 }, BLOCKED);
};

/** Blocks back into [B, H, W, K]. */
const outOfBlocks = (y: string, shape: Shape, { builder, target: { block } }: Lowering): string => {
  const [B, H, W, K] = shape;
  const whole = roundUp(K, block);
  const plain = builder.add('ReorderOutput', [y], { channels: whole, channels_last: 1 }, BLOCKED);
  return builder.crop(plain, [B, H, W, whole], shape);
};

type Kernel = {
  kernel: readonly number[];
  strides: readonly number[];
  dilations: readonly number[];
  pads: readonly number[];
};

const conv = (operands: string[], { kernel, strides, dilations, pads }: Kernel, { builder }: Lowering): string =>
  builder.add(
    'Conv',
    operands,
    { kernel_shape: kernel, strides, dilations, pads, group: 1, auto_pad: 'NOTSET' },
    BLOCKED,
  );

/** A filter [kh, kw, C, K] as [K, C, kh, kw] in blocks of both channels. */
const blockedFilter = (filter: Value, { builder, target: { block }, name }: Lowering): string => {
  const [kh, kw, c, k] = filter.shape;
  const [C, K] = [roundUp(c, block), roundUp(k, block)];
  const padded = padTo(builder, name(filter), filter.shape, [kh, kw, C, K]);
  const split = builder.reshape(padded, [kh, kw, C / block, block, K / block, block]);
  return builder.reshape(builder.transpose(split, [4, 2, 0, 1, 3, 5]), [K, C, kh, kw]);
};

/** The same filter turned round, its channels exchanged: [C, K, kh, kw] in blocks. */
const turnedFilter = (filter: Value, { builder, target: { block }, name }: Lowering): string => {
  const [kh, kw, c, k] = filter.shape;
  const [C, K] = [roundUp(c, block), roundUp(k, block)];
  const padded = padTo(builder, name(filter), filter.shape, [kh, kw, C, K]);
  const split = builder.reshape(padded, [kh * kw, C / block, block, K / block, block]);
  const order = builder.integers(Array.from({ length: kh * kw }, (_, i) => kh * kw - 1 - i));
  const turned = builder.add('Gather', [split, order], { axis: 0 });
  return builder.reshape(builder.transpose(turned, [1, 3, 0, 4, 2]), [C, K, kh, kw]);
};

export const blockedConv = (value: Value, bias: Value | undefined, lowering: Lowering): string => {
  const { builder, target, name } = lowering;
  const { block } = target;
  const [x, filter] = value.inputs;
  const K = value.shape[3];
  const operands = [intoBlocks(name(x), x.shape, lowering), blockedFilter(filter, lowering)];
  if (bias) operands.push(padTo(builder, builder.reshape(name(bias), [K]), [K], [roundUp(K, block)]));
  return outOfBlocks(conv(operands, geometryOf(value), lowering), value.shape, lowering);
};

/** dX for stride 1: a convolution of dY with the filter turned round. */
export const blockedInputGradient = (value: Value, lowering: Lowering): string => {
  const [dy, filter] = value.inputs;
  const { kernel, strides, dilations, pads } = geometryOf(value);
  const reach = [0, 1].map(i => (kernel[i] - 1) * dilations[i]);
  const outer = pads.map((p, i) => reach[i % 2] - p);
  const operands = [intoBlocks(lowering.name(dy), dy.shape, lowering), turnedFilter(filter, lowering)];
  const dx = conv(operands, { kernel, strides, dilations, pads: outer }, lowering);
  return outOfBlocks(dx, value.shape, lowering);
};

/**
 * dW as one convolution, without copying windows: the batch takes the place of the channels, the rows of x [W, C] become
 * one axis along which a step of C is one pixel, and dY is the filter, dilated by C.
 */
export const blockedFilterGradient = (value: Value, lowering: Lowering): string => {
  const { builder, target, name } = lowering;
  const { block } = target;
  const [x, dy] = value.inputs;
  const [kh, kw, C, K] = value.shape;
  const [b, H, W] = x.shape;
  const [, oh, ow] = dy.shape;
  const { strides, pads } = geometryOf(value);
  const [top, left, bottom, right] = pads;
  const [B, wide] = [roundUp(b, block), roundUp(K, block)];
  const row = (left + W + right) * C;
  const images = builder.pad(name(x), [0, 0, left, 0], [B - b, 0, right, 0]);
  const channels = builder.add('ReorderInput', [builder.reshape(images, [1, B, H, row])], {}, BLOCKED);
  const gradient = padTo(builder, name(dy), dy.shape, [B, oh, ow, wide]);
  const split = builder.reshape(gradient, [B / block, block, oh, ow, wide / block, block]);
  const filter = builder.reshape(builder.transpose(split, [4, 0, 2, 3, 1, 5]), [wide, B, oh, ow]);
  const kernel = {
    kernel: [oh, ow],
    strides: [1, 1],
    dilations: [strides[0], strides[1] * C],
    pads: [top, 0, bottom, 0],
  };
  const y = conv([channels, filter], kernel, lowering);
  const height = H + top + bottom - (oh - 1) * strides[0];
  const width = row - (ow - 1) * strides[1] * C;
  const plain = builder.add('ReorderOutput', [y], { channels: wide, channels_last: 1 }, BLOCKED);
  return builder.reshape(builder.crop(plain, [1, height, width, wide], [1, kh, kw * C, K]), value.shape);
};
