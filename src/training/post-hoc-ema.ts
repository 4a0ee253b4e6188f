import { Matrix, solve } from 'ml-matrix';
import { expectNumber, fail } from '../compute/check';
import { gammaOfStd } from './power-ema';

/** A power-function average: taken when this many images had been seen, of this relative standard deviation. */
export type PowerAverage = { images: number; std: number };

/** Eq. (151): inner product of two averages' profiles, by their exponents and ends. */
const correlation = (a: PowerAverage, b: PowerAverage): number => {
  const [ga, gb] = [gammaOfStd(a.std), gammaOfStd(b.std)];
  const ratio = (a.images / b.images) ** (a.images < b.images ? gb : -ga);
  return ((ga + 1) * (gb + 1) * ratio) / ((ga + gb + 1) * Math.max(a.images, b.images));
};

/** The inner product of the profiles of two averages; 1 / images. */
export const averageCorrelation = (a: PowerAverage, b: PowerAverage): number => {
  for (const { images } of [a, b]) expectNumber('averageCorrelation', 'images', images, { above: 0 });
  return correlation(a, b);
};

/**
 * Post-hoc averaging (Karras et al. 2024, section 3.2 and appendix C): weights c_i with which the stored averages add up
 * to the one wanted, by least squares between profiles, in float64, summing to 1.
 * @throws ArgumentError without stored averages and for two of the same width and time.
 */
export const postHocWeights = (stored: readonly PowerAverage[], wanted: PowerAverage): number[] => {
  const where = 'postHocWeights';
  if (stored.length === 0) fail(where, 'stored', 'at least one average', stored);
  for (const { images } of [...stored, wanted]) expectNumber(where, 'images', images, { above: 0 });
  stored.forEach((a, i) => {
    const twin = stored.findIndex(b => b.images === a.images && b.std === a.std);
    if (twin < i) fail(where, `stored[${i}]`, `other than stored[${twin}]`, a);
  });
  const gram = new Matrix(stored.map(a => stored.map(b => correlation(a, b))));
  const right = Matrix.columnVector(stored.map(a => correlation(a, wanted)));
  const solution = solve(gram, right).to1DArray();
  const sum = solution.reduce((a, b) => a + b, 0);
  return solution.map(c => c / sum);
};

/** The weighted sum of arrays of the same name: one parameter of the average wanted, accumulated in float64. */
export const mixAverages = (arrays: readonly Float32Array[], weights: readonly number[]): Float32Array => {
  if (arrays.length !== weights.length)
    fail('mixAverages', 'weights', `as many as the ${arrays.length} arrays`, weights);
  const sum = new Float64Array(arrays[0]?.length ?? 0);
  arrays.forEach((array, k) => {
    if (array.length !== sum.length) fail('mixAverages', `arrays[${k}]`, `of length ${sum.length}`, array.length);
    for (let i = 0; i < sum.length; i++) sum[i] += weights[k] * array[i];
  });
  return Float32Array.from(sum);
};
