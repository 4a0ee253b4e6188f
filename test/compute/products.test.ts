import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArgumentError } from '../../src/compute/check';
import { normalRows } from '../../src/compute/noise';
import { runtimeProblem } from '../../src/compute/onnx';
import { gram, type Numbers, product, productTransposed, transposed } from '../../src/compute/onnx/products';

const ENGINES = runtimeProblem() === undefined ? (['auto', 'runtime', 'loops'] as const) : (['auto', 'loops'] as const);
const PRECISIONS = [
  { name: 'float64', make: (values: Float32Array) => Float64Array.from(values, v => v / 3), error: 1e-15 },
  { name: 'float32', make: (values: Float32Array) => values, error: 1e-6 },
];
const normals = (n: number, d: number, seed: number): Float32Array => normalRows({ seed, stream: 'test' }, 0, n, d);

/** The definition: sums of products and of their sizes, which rounding errors are measured by. */
const defined = (a: Numbers, b: Numbers, n: number, m: number, k: number): { sum: number; size: number }[] =>
  Array.from({ length: n * m }, (_, at) => {
    let [sum, size] = [0, 0];
    for (let p = 0; p < k; p++) {
      const term = a[Math.floor(at / m) * k + p] * b[(at % m) * k + p];
      sum += term;
      size += Math.abs(term);
    }
    return { sum, size };
  });

const SIZES = [
  { n: 1, m: 1, k: 1 },
  { n: 3, m: 5, k: 7 },
  { n: 1, m: 9, k: 300 },
  { n: 67, m: 130, k: 259 }, // not a multiple of any block
  { n: 129, m: 3, k: 5800 }, // large enough for ONNX Runtime
];

for (const engine of ENGINES)
  for (const { name, make, error } of PRECISIONS)
    test(`${engine}: A B^T in ${name} is what its definition gives`, async () => {
      for (const { n, m, k } of SIZES) {
        const [a, b] = [make(normals(n, k, 1)), make(normals(m, k, 2))];
        const c = await productTransposed(a, b, { n, m, k }, { engine });
        assert.equal(c.constructor, a.constructor);
        assert.equal(c.length, n * m);
        const expected = defined(a, b, n, m, k);
        const worst = c.map((value, i) => Math.abs(value - expected[i].sum) / expected[i].size);
        assert.ok(Math.max(...worst) < error, `[${n}, ${m}, ${k}]: ${Math.max(...worst)}`);
      }
    });

test('a product of many pieces is the same from both engines, edges included', async () => {
  const [n, m, k] = [300, 259, 4100]; // pieces of 128 x 63 sums for the loops
  const [a, b] = [1, 2].map(seed => Float64Array.from(normals(seed === 1 ? n : m, k, seed)));
  const loops = await productTransposed(a, b, { n, m, k }, { engine: 'loops' });
  const auto = await productTransposed(a, b, { n, m, k });
  assert.ok(loops.every((value, i) => Math.abs(value - auto[i]) < 1e-11));
  const at = (i: number, j: number): number => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += a[i * k + p] * b[j * k + p];
    return sum;
  };
  for (const [i, j] of [
    [0, 0],
    [n - 1, m - 1],
    [127, 62],
    [128, 63],
  ])
    // prettier-ignore
    assert.ok(Math.abs(loops[i * m + j] - at(i, j)) < 1e-11, `${i}, ${j}`);
});

test('transpose, product and Gram matrix are those of a worked example', async () => {
  const a = Float64Array.of(1, 2, 3, 4, 5, 6); // [2, 3]
  const b = Float64Array.of(1, 0, 2, 1, 0, 3); // [3, 2]
  assert.deepEqual([...transposed(a, 2, 3)], [1, 4, 2, 5, 3, 6]);
  assert.deepEqual([...(await product(a, b, { n: 2, m: 2, k: 3 }))], [5, 11, 14, 23]);
  const into = new Float64Array(4).fill(9);
  assert.equal(await product(a, b, { n: 2, m: 2, k: 3 }, { into }), into);
  assert.deepEqual([...into], [5, 11, 14, 23]);
  assert.deepEqual([...(await gram(a, { n: 2, d: 3 }))], [17, 22, 27, 22, 29, 36, 27, 36, 45]);
  const wide = Float64Array.from({ length: 37 * 50 }, (_, i) => i);
  const turned = transposed(wide, 37, 50);
  assert.ok(wide.every((value, i) => turned[(i % 50) * 37 + Math.floor(i / 50)] === value));
});

test('other things get their turn between pieces, and a signal stops there', async () => {
  const [n, k] = [1024, 256];
  const a = Float64Array.from(normals(n, k, 3));
  const controller = new AbortController();
  let turns = 0;
  const timer = setInterval(() => ++turns === 2 && controller.abort(new Error('enough')), 0);
  await assert.rejects(
    productTransposed(a, a, { n, m: n, k }, { engine: 'loops', signal: controller.signal }),
    /enough/,
  );
  clearInterval(timer);
  assert.equal(turns, 2);
});

test('sizes that disagree with the numbers are refused', async () => {
  const a = new Float64Array(6);
  const sizes = { n: 2, m: 2, k: 3 };
  await assert.rejects(productTransposed(a, new Float64Array(5), sizes), /b must be m \* k = 6 numbers, got 5/);
  await assert.rejects(productTransposed(a, a, { ...sizes, k: 0 }), ArgumentError);
  await assert.rejects(productTransposed(a, new Float32Array(6) as never, sizes), /a Float64Array as a is/);
  await assert.rejects(
    productTransposed(a, a, sizes, { into: new Float64Array(3) }),
    /into must be a Float64Array of n/,
  );
  await assert.rejects(productTransposed(a, a, sizes, { engine: 'gpu' as never }), /engine/);
});
