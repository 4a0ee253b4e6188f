import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { energyDistance } from '../../src/metrics';
import { goldenNumbers, goldenPoints } from './golden';
import { close, mapped, normals, reversed } from './sets';

const golden = goldenNumbers<{ energy_distance: { value: number } }>('features').energy_distance;
const [real, fake] = [goldenPoints('features')('feat/real'), goldenPoints('features')('feat/fake')];

const numbers = (...values: number[]): Points => ({ data: Float32Array.from(values), n: values.length, d: 1 });

test('the energy distance of the recorded features is the reference value', async () => {
  const { value, n, nReference } = await energyDistance(fake, real);
  assert.ok(close(value, golden.value, 1e-12), String(value));
  assert.deepEqual([n, nReference], [100, 120]);
});

test('by hand: two heaps 3 apart are at 6, one heap and half of it 4 away at 2', async () => {
  assert.equal((await energyDistance(numbers(0, 0), numbers(3, 3, 3))).value, 6);
  assert.equal((await energyDistance(numbers(0), numbers(0, 4))).value, 2 * 2 - (2 * 4) / 4);
});

test('a set of numbers shifted past its range by v is at 2 v less twice its mean difference', async () => {
  const x = mapped(normals(80, 1, 1), v => Math.round(256 * v) / 256);
  let meanDifference = 0;
  for (const a of x.data) for (const b of x.data) meanDifference += Math.abs(a - b) / 80 ** 2;
  const { value } = await energyDistance(
    x,
    mapped(x, v => v + 16),
  );
  assert.ok(close(value, 2 * 16 - 2 * meanDifference, 1e-11));
});

test('in one dimension it is twice the integral of the squared difference of the distribution functions', async () => {
  const [x, y] = [normals(60, 1, 2), mapped(normals(45, 1, 3), v => 2 * v + 0.5)];
  const ends = [...x.data, ...y.data].sort((a, b) => a - b);
  const share = (set: Points, limit: number): number => set.data.filter(v => v <= limit).length / set.n;
  let integral = 0;
  for (let i = 1; i < ends.length; i++)
    integral += (ends[i] - ends[i - 1]) * (share(x, ends[i - 1]) - share(y, ends[i - 1])) ** 2;
  assert.ok(close((await energyDistance(x, y)).value, 2 * integral, 1e-10));
});

test('equal sets are at 0, and points near each other but far from the mean are told apart', async () => {
  const x = normals(50, 4, 4);
  assert.ok((await energyDistance(x, reversed(x))).value < 1e-13);
  // heaps at +-2^20, one of them 2^-4 aside: differences of products have lost this
  const [a, b] = [numbers(2 ** 20, -(2 ** 20)), numbers(2 ** 20 + 2 ** -3, -(2 ** 20))];
  assert.ok(close((await energyDistance(a, b)).value, 2 ** -3 / 2, 1e-6)); // |F - G| = 1/2 over 2^-3: 2 (1/4) 2^-3
});

test('the energy distance is symmetric and the same in blocks of any size', async () => {
  const [x, y] = [normals(50, 3, 5), mapped(normals(40, 3, 6), v => v + 0.2)];
  const { value } = await energyDistance(x, y);
  assert.ok(close((await energyDistance(y, x)).value, value, 1e-11));
  for (const block of [1, 13, 40]) assert.ok(close((await energyDistance(x, y, { block })).value, value, 1e-11));
});

test('other dimensions and numbers that are not finite are refused', async () => {
  await assert.rejects(energyDistance(normals(5, 2, 0), normals(5, 3, 0)), /reference\.d/);
  await assert.rejects(energyDistance(numbers(1, NaN), numbers(1)), /samples: row 1 must be finite numbers/);
});
