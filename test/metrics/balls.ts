/* Precision, recall, density and coverage as their definitions read: every distance by differences, nothing saved. */
import type { Points } from '../../src/compute/host-arrays';

const distance = (x: Points, i: number, y: Points, j: number): number => {
  let sum = 0;
  for (let k = 0; k < x.d; k++) sum += (x.data[i * x.d + k] - y.data[j * y.d + k]) ** 2;
  return Math.sqrt(sum);
};

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Distance of each point to its k-th nearest other. */
export const plainRadii = (set: Points, k: number): number[] =>
  range(set.n).map(i => {
    const others = range(set.n).filter(j => j !== i);
    return others.map(j => distance(set, i, set, j)).sort((a, b) => a - b)[k - 1];
  });

export const plainMeasures = (
  samples: Points,
  reference: Points,
  k: number,
): { precision: number; recall: number; density: number; coverage: number } => {
  const [radii, made] = [plainRadii(reference, k), plainRadii(samples, k)];
  const [all, real] = [range(samples.n), range(reference.n)];
  const around = all.map(i => real.filter(j => distance(samples, i, reference, j) < radii[j]).length);
  return {
    precision: around.filter(count => count > 0).length / samples.n,
    recall: real.filter(j => all.some(i => distance(samples, i, reference, j) < made[i])).length / reference.n,
    density: around.reduce((a, b) => a + b) / (k * samples.n),
    coverage: real.filter(j => all.some(i => distance(samples, i, reference, j) < radii[j])).length / reference.n,
  };
};
