/* Outputs of a network as one vector an image. */
import { shapeSize } from '../compute/host-arrays';

/** Vectors row by row. */
export type Rows = { data: Float32Array; d: number };

/** An output as a runtime gives it. */
export type Output = { data: Float32Array; dims: readonly number[] };

/** The first n vectors of an output: [n, d], with sizes of 1 anywhere, or one token of [n, tokens, d]. */
export const rowsOf = (name: string, { data, dims }: Output, n: number, token?: number): Rows => {
  const shape = `[${dims.join(', ')}]`;
  const sizes = dims.slice(1);
  if (dims[0] < n) throw new Error(`output '${name}' is ${shape} for ${n} images`);
  if (sizes.length === 2 && token !== undefined) {
    const [tokens, d] = sizes;
    if (token >= tokens) throw new Error(`output '${name}' is ${shape}, without token ${token}`);
    const rows = new Float32Array(n * d);
    for (let i = 0; i < n; i++) {
      const first = (i * tokens + token) * d;
      rows.set(data.subarray(first, first + d), i * d);
    }
    return { data: rows, d };
  }
  if (sizes.filter(size => size > 1).length > 1)
    throw new Error(`output '${name}' is ${shape}, which is not one vector an image`);
  const d = shapeSize(sizes);
  return { data: data.slice(0, n * d), d };
};

/** @throws Error naming the image of a number that is none */
export const expectFinite = (name: string, { data, d }: Rows): void => {
  const at = data.findIndex(value => !Number.isFinite(value));
  if (at >= 0) throw new Error(`output '${name}' is not finite for image ${Math.floor(at / d)} of the batch`);
};
