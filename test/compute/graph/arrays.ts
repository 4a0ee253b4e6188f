/* Small arrays in plain JavaScript and float64: the arithmetic that compiled kernels are held against. */

export type Nd = { shape: readonly number[]; data: Float64Array };
export type Index = readonly number[];

/** Every index of a shape, the last axis fastest. */
export const indicesOf = (shape: readonly number[]): Index[] =>
  shape.reduce<number[][]>((rows, n) => rows.flatMap(row => Array.from({ length: n }, (_, i) => [...row, i])), [[]]);

/** The array with element f(index) at each index. */
export const build = (shape: readonly number[], f: (...index: number[]) => number): Nd => ({
  shape,
  data: Float64Array.from(indicesOf(shape), index => f(...index)),
});

/** An element; an axis of size 1 repeats and leading axes may be missing, as in NumPy's broadcasting. */
export const at = ({ shape, data }: Nd, index: Index): number => {
  const skip = index.length - shape.length;
  return data[shape.reduce((flat, n, i) => flat * n + (n === 1 ? 0 : index[skip + i]), 0)];
};

export const map = (x: Nd, f: (value: number) => number): Nd => ({ shape: x.shape, data: x.data.map(v => f(v)) });

/** Sum of f(0), ..., f(n - 1). */
export const sum = (n: number, f: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < n; i++) total += f(i);
  return total;
};
