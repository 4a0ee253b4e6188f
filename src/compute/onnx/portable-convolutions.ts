/* Convolutions in standard ONNX, [B, C, H, W] with filters [K, C, kh, kw]: transposes on both sides. */
import { geometryOf, type Value } from '../graph';
import type { Lowering } from './lowering';

const TO_CHANNELS_FIRST = [0, 3, 1, 2];
const TO_CHANNELS_LAST = [0, 2, 3, 1];

export const portableConv = (conv: Value, bias: Value | undefined, { builder, name }: Lowering): string => {
  const [x, filter] = conv.inputs;
  const { kernel, strides, dilations, pads } = geometryOf(conv);
  const operands = [builder.transpose(name(x), TO_CHANNELS_FIRST), builder.transpose(name(filter), [3, 2, 0, 1])];
  if (bias) operands.push(builder.reshape(name(bias), [conv.shape[3]]));
  return builder.transpose(
    builder.add('Conv', operands, { kernel_shape: kernel, strides, dilations, pads }),
    TO_CHANNELS_LAST,
  );
};

export const portableDepthwise = (value: Value, { builder, name }: Lowering): string => {
  const [x, filter] = value.inputs;
  const { kernel, strides, dilations, pads } = geometryOf(value);
  const operands = [builder.transpose(name(x), TO_CHANNELS_FIRST), builder.transpose(name(filter), [2, 3, 0, 1])];
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group: filter.shape[2] };
  return builder.transpose(builder.add('Conv', operands, attributes), TO_CHANNELS_LAST);
};

/** dX: for stride 1 a convolution of dY with the kernel turned round; else a transposed convolution. */
export const portableInputGradient = (value: Value, { builder, name }: Lowering): string => {
  const [dy, filter] = value.inputs;
  const { kernel, strides, dilations, pads } = geometryOf(value);
  const [top, left, bottom, right] = pads;
  const images = builder.transpose(name(dy), TO_CHANNELS_FIRST);
  const reach = [0, 1].map(i => (kernel[i] - 1) * dilations[i]);
  if (
    strides.every(n => n === 1) &&
    [top, bottom].every(p => p <= reach[0]) &&
    [left, right].every(p => p <= reach[1])
  ) {
    const [kh, kw, C, K] = filter.shape;
    const taps = builder.reshape(name(filter), [kh * kw, C, K]);
    const order = builder.integers(Array.from({ length: kh * kw }, (_, i) => kh * kw - 1 - i));
    const turned = builder.reshape(builder.add('Gather', [taps, order], { axis: 0 }), [kh, kw, C, K]);
    const outer = [reach[0] - top, reach[1] - left, reach[0] - bottom, reach[1] - right];
    const attributes = { kernel_shape: kernel, strides, dilations, pads: outer };
    const dx = builder.add('Conv', [images, builder.transpose(turned, [2, 3, 0, 1])], attributes);
    return builder.transpose(dx, TO_CHANNELS_LAST);
  }
  // rows and columns of x that no window reaches
  const rest = [0, 1].map(
    i => value.shape[1 + i] - ((dy.shape[1 + i] - 1) * strides[i] + reach[i] + 1 - pads[i] - pads[i + 2]),
  );
  const attributes = { kernel_shape: kernel, strides, dilations, pads, output_padding: rest };
  const dx = builder.add('ConvTranspose', [images, builder.transpose(name(filter), [3, 2, 0, 1])], attributes);
  return builder.transpose(dx, TO_CHANNELS_LAST);
};

/** dW: a convolution in which batch and channels change places; a stride becomes a dilation and the other way round. */
export const portableFilterGradient = (value: Value, { builder, name }: Lowering): string => {
  const [x, dy] = value.inputs;
  const [kh, kw, C, K] = value.shape;
  const [H, W] = x.shape.slice(1);
  const [oh, ow] = dy.shape.slice(1);
  const { strides, dilations, pads } = geometryOf(value);
  const operands = [builder.transpose(name(x), [3, 0, 1, 2]), builder.transpose(name(dy), [3, 0, 1, 2])];
  const attributes = { kernel_shape: [oh, ow], strides: dilations, dilations: strides, pads };
  const dw = builder.add('Conv', operands, attributes);
  const height = Math.floor((H + pads[0] + pads[2] - (oh - 1) * strides[0] - 1) / dilations[0]) + 1;
  const width = Math.floor((W + pads[1] + pads[3] - (ow - 1) * strides[1] - 1) / dilations[1]) + 1;
  return builder.transpose(builder.crop(dw, [C, K, height, width], [C, K, kh, kw]), [2, 3, 0, 1]);
};
