import { expectShape } from '../compute/check';
import { type Samples, shapeSize } from '../compute/host-arrays';

/** Samples number `chosen`, in that order. */
export const pickImages = ({ data, shape }: Samples, chosen: readonly number[]): Samples => {
  const size = shapeSize(shape);
  const picked = new Float32Array(chosen.length * size);
  for (const [at, i] of chosen.entries()) picked.set(data.subarray(i * size, (i + 1) * size), at * size);
  return { data: picked, n: chosen.length, shape };
};

/**
 * Numbers of the samples by how much a and b differ (mean square), the most changed first.
 * @throws ArgumentError when a and b differ in number or shape
 */
export const mostChanged = (a: Samples, b: Samples): number[] => {
  expectShape('mostChanged', 'b', { shape: [b.n, ...b.shape] }, [a.n, ...a.shape]);
  const size = shapeSize(a.shape);
  const change = Array.from({ length: a.n }, (_, i) => {
    let sum = 0;
    for (let j = i * size; j < (i + 1) * size; j++) sum += (a.data[j] - b.data[j]) ** 2;
    return sum / size;
  });
  return [...change.keys()].sort((i, j) => change[j] - change[i]);
};
