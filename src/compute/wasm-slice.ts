/* Slicing for the wasm backend: the shipped kernel copies its whole input out of the heap for every slice. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

const { parseSliceParams } = tf.slice_util;

/** `x[begin : begin + size]` copied run by run inside the wasm heap; a run is as long as memory is contiguous. */
export const wasmSlice = (
  backend: BackendWasm,
  x: tf.Tensor,
  begin: number | number[],
  size: number | number[],
): tf.Tensor => {
  const [from, extent] = parseSliceParams(x, begin, size);
  const out = backend.makeOutput(extent, x.dtype); // may move the heap: views come after
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(out);
  const strides = [...tf.util.computeStrides(x.shape), 1];
  let axis = extent.length - 1; // all axes behind this one are taken whole
  while (axis > 0 && extent[axis] === x.shape[axis]) axis--;
  const run = axis < 0 ? 1 : extent[axis] * strides[axis];
  const outer = extent.slice(0, Math.max(axis, 0));
  const position = outer.map(() => 0);
  for (let at = 0; at < target.length; at += run) {
    let offset = axis < 0 ? 0 : from[axis] * strides[axis];
    for (let i = 0; i < outer.length; i++) offset += (from[i] + position[i]) * strides[i];
    target.set(source.subarray(offset, offset + run), at);
    for (let i = outer.length - 1; i >= 0 && ++position[i] === outer[i]; i--) position[i] = 0;
  }
  return tf.engine().makeTensorFromTensorInfo(out);
};

/** Parts of x along an axis, by `wasmSlice`. */
export const wasmSplit = (
  backend: BackendWasm,
  x: tf.Tensor,
  numOrSizeSplits: number | number[],
  axis: number,
): tf.Tensor[] => {
  const [along] = tf.util.parseAxisParam(axis, x.shape);
  const begin = x.shape.map(() => 0);
  return tf.backend_util.prepareSplitSize(x, numOrSizeSplits, along).map(length => {
    const size = x.shape.map((extent, i) => (i === along ? length : extent));
    const part = wasmSlice(backend, x, begin, size);
    begin[along] += length;
    return part;
  });
};
