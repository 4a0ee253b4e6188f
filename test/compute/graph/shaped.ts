import type { Arrays } from '../../../src/compute/onnx/session';

/** Named arrays with their shapes. */
export type Shaped = Record<string, { shape: readonly number[]; data: ArrayLike<number> }>;

export const shapesOf = (inputs: Shaped): Record<string, readonly number[]> =>
  Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));

export const arraysOf = (inputs: Shaped): Arrays =>
  Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, Float32Array.from(data)]));
