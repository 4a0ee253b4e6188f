/** Numbers that every worker sees. `version` grows with every change, so that a worker copies only what is new. */
export type SharedArray = { readonly id: number; readonly data: Float32Array; version: number };

let made = 0;

export const sharedArray = (size: number): SharedArray => ({
  id: made++,
  data: new Float32Array(new SharedArrayBuffer(Math.max(4, 4 * size)), 0, size),
  version: 0,
});

/** Copies values in and marks them as new. */
export const assign = (array: SharedArray, values: ArrayLike<number>): void => {
  array.data.set(values);
  array.version++;
};
