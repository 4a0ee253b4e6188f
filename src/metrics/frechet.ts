import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { fail } from '../compute/check';
import type { FeatureStatistics } from './feature-statistics';
import { featureStatistics } from './feature-statistics';
import type { Measurement, Points } from './measurement';
import { expectPair } from './measurement';

/** Square roots of a covariance's eigenvalues; what rounding leaves of zeros (or below zero) counts as zero. */
const roots = (eigenvalues: number[]): number[] => {
  const rounding = eigenvalues.length * Number.EPSILON * Math.max(...eigenvalues);
  return eigenvalues.map(value => (value > rounding ? Math.sqrt(value) : 0));
};

const toMatrix = ({ covariance, d }: FeatureStatistics): Matrix => Matrix.from1DArray(d, d, covariance);

/** tr sqrt(A B) = tr sqrt(A^1/2 B A^1/2) for covariances A and B, of any rank: two symmetric decompositions. */
const traceOfRoot = (a: Matrix, b: Matrix): number => {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(a, { assumeSymmetric: true });
  // in A's eigenbasis, A^1/2 B A^1/2 is L^1/2 (V^T B V) L^1/2
  const inner = eigenvectorMatrix.transpose().mmul(b).mmul(eigenvectorMatrix);
  const scale = roots(realEigenvalues);
  const scaled = Matrix.zeros(a.rows, a.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.rows; j++) scaled.set(i, j, 0.5 * scale[i] * scale[j] * (inner.get(i, j) + inner.get(j, i)));
  const { realEigenvalues: squares } = new EigenvalueDecomposition(scaled, { assumeSymmetric: true });
  return roots(squares).reduce((sum, root) => sum + root, 0);
};

/**
 * Fréchet distance between Gaussians with the given statistics,
 * |mu_a - mu_b|^2 + tr(A + B - 2 sqrt(A B)) (Dowson and Landau 1982; in Inception features: FID, Heusel et al. 2017).
 * Float64 throughout; fewer points than dimensions are no difficulty for the arithmetic, though the value is then
 * mostly bias. At d dimensions it takes two eigenvalue decompositions of [d, d].
 * @throws ArgumentError when the dimensions differ
 */
export const frechetDistance = (samples: FeatureStatistics, reference: FeatureStatistics): Measurement => {
  if (samples.d !== reference.d)
    fail('frechetDistance', 'reference.d', `that of the samples, ${samples.d}`, reference.d);
  const [a, b] = [toMatrix(samples), toMatrix(reference)];
  const shift = samples.mean.reduce((sum, mean, i) => sum + (mean - reference.mean[i]) ** 2, 0);
  const value = shift + a.trace() + b.trace() - 2 * traceOfRoot(a, b);
  return { value: Math.max(0, value), n: samples.n, nReference: reference.n };
};

/** Fréchet distance between two sets of points or feature vectors; at least two points each. */
export const frechet = (samples: Points, reference: Points): Measurement => {
  expectPair('frechet', samples, reference, 2);
  return frechetDistance(featureStatistics(samples), featureStatistics(reference));
};
