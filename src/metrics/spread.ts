/** Several runs of one measurement. */
export type Spread = { n: number; mean: number; deviation: number; low: number; high: number };

/** Mean, sample standard deviation (n - 1; 0 for one value), smallest and largest of at least one value. */
export const spread = (values: readonly number[]): Spread => {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = n > 1 ? Math.sqrt(squares / (n - 1)) : 0;
  return { n, mean, deviation, low: Math.min(...values), high: Math.max(...values) };
};
