import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kid, kidOnSubsets, kidUnbiased } from '../../src/metrics';
import { goldenNumbers, goldenPoints } from './golden';
import { close, mapped, normals, reversed } from './sets';

type Golden = {
  kid: {
    unbiased_full: number;
    biased_full: number;
    subset_indices: { real: number[]; fake: number[] }[];
    subset_values: number[];
    mean: number;
    std: number;
  };
};
const golden = goldenNumbers<Golden>('features').kid;
const [real, fake] = [goldenPoints('features')('feat/real'), goldenPoints('features')('feat/fake')];
const subsets = golden.subset_indices.map(indices => ({ samples: indices.fake, reference: indices.real }));

const numbers = (...values: number[]): Points => ({ data: Float32Array.from(values), n: values.length, d: 1 });

test('KID of the recorded features is the reference value, unbiased and biased', async () => {
  const { value, biased, n, nReference } = await kidUnbiased(fake, real);
  assert.ok(close(value, golden.unbiased_full, 1e-12), String(value));
  assert.ok(close(biased, golden.biased_full, 1e-12), String(biased));
  assert.deepEqual([n, nReference], [100, 120]);
});

test('KID over the recorded subsets has the reference values, mean and deviation', async () => {
  const { value, std, subsets: count, subsetSize } = await kidOnSubsets(fake, real, subsets);
  assert.ok(close(value, golden.mean, 1e-12), String(value));
  assert.ok(close(std, golden.std, 1e-12), String(std));
  assert.deepEqual([count, subsetSize], [8, 30]);
  for (const [i, expected] of golden.subset_values.entries())
    assert.ok(close((await kidOnSubsets(fake, real, [subsets[i]])).value, expected, 1e-11));
});

test('four numbers by hand', async () => {
  // k(0, 1) = k(0, 2) = k(0, 0) = 1, k(1, 2) = 27, k(1, 1) = 8, k(2, 2) = 125
  const { value, biased } = await kidUnbiased(numbers(0, 1), numbers(0, 2));
  assert.equal(value, 1 + 1 - (2 * 30) / 4);
  assert.equal(biased, 11 / 4 + 128 / 4 - (2 * 30) / 4);
});

/** E (x.y / d + 1)^3 of x ~ N(mu, I) and y ~ N(nu, I): given x, x.y ~ N(x.nu, |x|^2). */
const expectedKernel = (mu: number[], nu: number[]): number => {
  const d = mu.length;
  const dot = (a: number[], b: number[]): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
  const [mm, nn, mn] = [dot(mu, mu), dot(nu, nu), dot(mu, nu)];
  const first = mn;
  const second = mn ** 2 + nn + mm + d;
  const third = mn ** 3 + 3 * mn * nn + 3 * mn * (mm + d + 2);
  return 1 + (3 * first) / d + (3 * second) / d ** 2 + third / d ** 3;
};

/** The mean of the values and its standard error. */
const meanOf = (values: number[]): { mean: number; error: number } => {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
};

test('KID of shifted Gaussians is in expectation the closed form of the kernel', async () => {
  const [mu, nu] = [[0.5, -1, 0, 2], [1, 1, 1, 1]]; // prettier-ignore
  const expected = expectedKernel(mu, mu) + expectedKernel(nu, nu) - 2 * expectedKernel(mu, nu);
  const values: number[] = [];
  for (let s = 0; s < 50; s++) {
    const x = mapped(normals(200, 4, 2 * s), (v, axis) => v + mu[axis]);
    const y = mapped(normals(200, 4, 2 * s + 1), (v, axis) => v + nu[axis]);
    values.push((await kidUnbiased(x, y)).value);
  }
  const { mean, error } = meanOf(values);
  assert.ok(Math.abs(mean - expected) < 3 * error, `${mean} +- ${error}, expected ${expected}`);
  assert.ok(error < 0.03 * expected);
});

test('the mean over random subsets is about the value of the whole sets', async () => {
  const [x, y] = [normals(600, 4, 1), mapped(normals(500, 4, 2), v => 1.5 * v + 0.5)];
  const { value, std } = await kid(x, y, { subsets: 40, subsetSize: 100 });
  const whole = (await kidUnbiased(x, y)).value;
  assert.ok(Math.abs(value - whole) < (3 * std) / Math.sqrt(40), `${value}, deviation ${std}, whole ${whole}`);
});

test('between sets of one distribution the unbiased estimate lies about 0, on both sides; the biased one above', async () => {
  const values: number[] = [];
  for (let s = 0; s < 60; s++) {
    const { value, biased } = await kidUnbiased(normals(60, 5, 2 * s), normals(50, 5, 2 * s + 1));
    assert.ok(biased > 0);
    values.push(value);
  }
  const { mean, error } = meanOf(values);
  assert.ok(Math.abs(mean) < 3 * error, `${mean} +- ${error}`);
  assert.ok(values.some(v => v < 0) && values.some(v => v > 0));
});

test('KID is symmetric, blind to order, and the same in blocks of any size', async () => {
  const [x, y] = [normals(70, 6, 3), mapped(normals(45, 6, 4), v => 1.5 * v + 0.5)];
  const { value, biased } = await kidUnbiased(x, y);
  assert.ok(close((await kidUnbiased(y, x)).value, value, 1e-12));
  assert.ok(close((await kidUnbiased(reversed(x), reversed(y))).value, value, 1e-12));
  for (const block of [1, 7, 32, 70]) {
    const blocked = await kidUnbiased(x, y, { block });
    assert.ok(close(blocked.value, value, 1e-12) && close(blocked.biased, biased, 1e-12), String(block));
  }
});

test('subsets are a function of the seed; those of all points give the whole value every time', async () => {
  const [x, y] = [normals(40, 3, 5), mapped(normals(40, 3, 6), v => v + 0.3)];
  const some = { subsets: 5, subsetSize: 20 };
  const first = await kid(x, y, some);
  assert.deepEqual(await kid(x, y, some), first);
  assert.notEqual((await kid(x, y, { ...some, seed: 1 })).value, first.value);
  const all = await kid(x, y, { subsets: 3 });
  assert.ok(close(all.value, (await kidUnbiased(x, y)).value, 1e-12));
  assert.ok(all.std < 1e-12);
  assert.deepEqual([all.subsets, all.subsetSize, all.n, all.nReference], [3, 40, 40, 40]);
});

test('progress rises to 1 and an abort stops with its reason', async () => {
  const [x, y] = [normals(40, 3, 7), normals(40, 3, 8)];
  const shares: number[] = [];
  await kid(x, y, { subsets: 4, onProgress: share => shares.push(share) });
  assert.ok(shares.every((share, i) => i === 0 || share >= shares[i - 1]));
  assert.equal(shares.at(-1), 1);
  const stop = new AbortController();
  const running = kid(x, y, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) });
  await assert.rejects(running, /enough/);
});

test('bad sets, subsets and options are refused', async () => {
  const x = normals(10, 2, 9);
  const spoiled = { ...x, data: x.data.map((v, i) => (i === 5 ? NaN : v)) };
  await assert.rejects(kid(x, spoiled), /kid: reference: row 2 must be finite numbers, got NaN/);
  await assert.rejects(kid(x, normals(1, 2, 0)), /reference\.n/);
  await assert.rejects(kid(x, normals(10, 3, 0)), /reference\.d/);
  await assert.rejects(kid(x, x, { subsetSize: 11 }), /subsetSize must be an integer from 2 to 10/);
  await assert.rejects(kid(x, x, { subset: 3 } as never), /Did you mean 'subsets'/);
  await assert.rejects(kidUnbiased(x, x, { block: 0 }), /block/);
  const uneven = [{ samples: [0, 1, 2], reference: [0, 1] }];
  await assert.rejects(kidOnSubsets(x, x, uneven), /subsets\[0\] must be 3 points of each set/);
  await assert.rejects(kidOnSubsets(x, x, [{ samples: [0, 10], reference: [0, 1] }]), /samples\[1\]/); // prettier-ignore
});
