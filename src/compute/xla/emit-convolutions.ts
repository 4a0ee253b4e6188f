/* Convolutions and their gradients. Axes: b batch, 0 and 1 height and width, f channels, i and o channels of a filter. */
import { geometryOf } from '../graph/graph';
import type { Emitter, Emitters } from './emitter';
import type { Window } from './products';
import { convolve } from './products';

const FORWARD = '[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]';
const ONES = [1, 1];

const forwardWindow = (value: Parameters<Emitter>[0]): Window => {
  const { strides, dilations, pads } = geometryOf(value);
  return { strides, low: pads.slice(0, 2), high: pads.slice(2), lhsDilation: ONES, rhsDilation: dilations };
};

/** dx: dy spread by the stride, the kernel turned round, its input and output channels exchanged. */
const inputGradient: Emitter = (value, emission) => {
  const [dy, filter] = value.inputs.map(emission.of);
  const { kernel, strides, dilations, pads } = geometryOf(value);
  const reach = [0, 1].map(i => (kernel[i] - 1) * dilations[i]);
  const low = reach.map((n, i) => n - pads[i]);
  const high = [0, 1].map(i => value.shape[1 + i] - ((dy.shape[1 + i] - 1) * strides[i] + 1) - low[i] + reach[i]);
  const pointwise = kernel.every(n => n === 1);
  const turned = pointwise
    ? filter
    : emission.builder.op('reverse', [filter], filter.shape, filter.type, { dimensions: { i64s: [0, 1] } });
  const window = { strides: ONES, low, high, lhsDilation: strides, rhsDilation: dilations };
  return convolve(dy, turned, value.shape, '[b, 0, 1, f]x[0, 1, o, i]->[b, 0, 1, f]', window, emission);
};

/** dW: x over dy; batch and channels exchange places, stride and dilation too. */
const filterGradient: Emitter = (value, emission) => {
  const [x, dy] = value.inputs.map(emission.of);
  const { kernel, strides, dilations, pads } = geometryOf(value);
  const low = pads.slice(0, 2);
  const high = [0, 1].map(
    i => (kernel[i] - 1) * dilations[i] + (dy.shape[1 + i] - 1) * strides[i] + 1 - x.shape[1 + i] - low[i],
  );
  const window = { strides: dilations, low, high, lhsDilation: ONES, rhsDilation: strides };
  return convolve(x, dy, value.shape, '[f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f]', window, emission);
};

export const CONVOLUTION_EMITTERS: Emitters = {
  conv: (value, emission) => {
    const [x, filter] = value.inputs.map(emission.of);
    return convolve(x, filter, value.shape, FORWARD, forwardWindow(value), emission);
  },
  convInput: inputGradient,
  convFilter: filterGradient,
  depthwise: (value, emission) => {
    const [x, filter] = value.inputs.map(emission.of);
    const [kh, kw, C] = filter.shape;
    const perChannel = emission.builder.reshape(filter, [kh, kw, 1, C]);
    return convolve(x, perChannel, value.shape, FORWARD, forwardWindow(value), emission, C);
  },
};
