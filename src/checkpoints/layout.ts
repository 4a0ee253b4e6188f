import type { HostData, HostTensor } from './host-tensor';

// On disk, weights lie as in PyTorch: convolutions [out, in, height, width], linear maps [out, in]. In memory they lie
// as TensorFlow.js wants them: [height, width, in, out] and [in, out]. With the pixels taken as one axis both changes
// are the reversal of three axes [a, b, c] -> [c, b, a]; for a linear map b is 1.

/** Integers of the same width: moving floats as such could alter the bits of a NaN. */
const WORDS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array };

const reverseAxes = (data: HostData, a: number, b: number, c: number): HostData => {
  const Words = WORDS[data.BYTES_PER_ELEMENT as keyof typeof WORDS];
  const result = data instanceof Uint8Array ? new Uint8Array(data.length) : data.slice(); // of a Buffer it is no copy
  const from = new Words(data.buffer, data.byteOffset, data.length);
  const to = new Words(result.buffer, result.byteOffset, result.length);
  for (let i = 0, at = 0; i < c; i++)
    for (let j = 0; j < b; j++) for (let k = 0; k < a; k++) to[at++] = from[(k * b + j) * c + i];
  return result;
};

/** From the layout on disk to the one in memory: [O, I, H, W] -> [H, W, I, O], [O, I] -> [I, O]; other ranks as they are. */
export const fromReference = (tensor: HostTensor): HostTensor => {
  const { dtype, shape, data } = tensor;
  const [o, i, h = 1, w = 1] = shape;
  if (shape.length === 2) return { dtype, shape: [i, o], data: reverseAxes(data, o, 1, i) };
  if (shape.length === 4) return { dtype, shape: [h, w, i, o], data: reverseAxes(data, o, i, h * w) };
  return tensor;
};

/** The inverse of `fromReference`, exact to the bit. */
export const toReference = (tensor: HostTensor): HostTensor => {
  const { dtype, shape, data } = tensor;
  if (shape.length === 2) return { dtype, shape: [shape[1], shape[0]], data: reverseAxes(data, shape[0], 1, shape[1]) };
  if (shape.length !== 4) return tensor;
  const [h, w, i, o] = shape;
  return { dtype, shape: [o, i, h, w], data: reverseAxes(data, h * w, i, o) };
};
