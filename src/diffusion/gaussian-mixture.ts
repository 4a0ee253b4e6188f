/** A mixture of K Gaussians in d dimensions. */
export type Mixture = {
  weights: readonly number[]; // [K], positive, summing to 1
  means: readonly (readonly number[])[]; // [K][d]
  covariances: readonly (readonly (readonly number[])[])[]; // [K][d][d], symmetric positive definite
};
