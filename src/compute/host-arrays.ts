/*
 * Arrays on the host, all row-major. Four kinds, by what their rows are: any array (`HostArray`), samples of a network
 * (`Samples`), images in bytes (`Images`), feature vectors and points of the plane (`Points`). A tensor as a file stores
 * it, with its own number type, is `HostTensor` in checkpoints/.
 */

/** Sizes of an array's axes. */
export type Shape = readonly number[];

/** Elements of an array of this shape; 1 for a scalar. */
export const shapeSize = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** A tensor's values on the host. */
export type HostArray = {
  /** As many as `shapeSize(shape)`. */
  data: Float32Array;
  shape: Shape;
};

/** Samples in the units of a network: what a sampler draws, what an autoencoder encodes and decodes. */
export type Samples = {
  /** [n, ...shape]. */
  data: Float32Array;
  n: number;
  /** Of one sample: [h, w, c] or [d]. */
  shape: Shape;
};

/** Images of one size, as bytes unless said otherwise. */
export type Images<Data = Uint8Array> = {
  /** [n, h, w, c], 0 to 255. */
  data: Data;
  n: number;
  h: number;
  w: number;
  /** 1: grey, 3: RGB, 4: RGB and opacity. */
  c: number;
};

/** Rows of equal length: points of the plane, feature vectors. */
export type Points = {
  /** [n, d]. */
  data: Float32Array;
  n: number;
  d: number;
};
