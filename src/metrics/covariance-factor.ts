/** A factor R of a covariance: R^T R gives it back. */
export type CovarianceFactor = {
  /** [rank * d]. */
  rows: Float64Array;
  rank: number;
};

/** row - sum_j factors[j] * rows[j] over the first `count` rows, four at a time: the loop waits for memory. */
const subtractRows = (row: Float64Array, rows: Float64Array, count: number, factors: Float64Array): void => {
  const d = row.length;
  let j = 0;
  for (; j + 4 <= count; j += 4) {
    const [f0, f1, f2, f3] = factors.subarray(j, j + 4);
    const at = j * d;
    for (let i = 0; i < d; i++)
      row[i] -= f0 * rows[at + i] + f1 * rows[at + d + i] + f2 * rows[at + 2 * d + i] + f3 * rows[at + 3 * d + i];
  }
  for (; j < count; j++) for (let i = 0; i < d; i++) row[i] -= factors[j] * rows[j * d + i];
};

/**
 * Cholesky's factor with diagonal pivoting (Higham, Accuracy and Stability of Numerical Algorithms, 10.3) of a covariance
 * [d, d] of any rank: it ends where only rounding is left, so that directions without variance do not come back as the
 * root of rounding errors. What is left counts against each coordinate's own variance, as rounding is: scales may differ.
 */
export const covarianceFactor = (covariance: Float64Array, d: number): CovarianceFactor => {
  const rounding = Math.max(d, 100) * Number.EPSILON;
  const variances = Float64Array.from({ length: d }, (_, i) => covariance[i * d + i]);
  const left = variances.slice(); // of each coordinate, once the rows so far explain their part
  const rows = new Float64Array(d * d);
  const factors = new Float64Array(d);
  let rank = 0;
  for (; rank < d; rank++) {
    let pivot = -1;
    for (let i = 0; i < d; i++)
      if (left[i] > rounding * variances[i] && (pivot < 0 || left[i] > left[pivot])) pivot = i;
    if (pivot < 0) break;
    const row = rows.subarray(rank * d, (rank + 1) * d);
    row.set(covariance.subarray(pivot * d, (pivot + 1) * d));
    for (let j = 0; j < rank; j++) factors[j] = rows[j * d + pivot];
    subtractRows(row, rows, rank, factors);
    const scale = 1 / Math.sqrt(left[pivot]);
    for (let i = 0; i < d; i++) {
      row[i] *= scale;
      left[i] -= row[i] ** 2;
    }
    left[pivot] = 0; // exactly: it is explained
  }
  return { rows: rows.subarray(0, rank * d), rank };
};
