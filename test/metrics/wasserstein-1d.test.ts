import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wasserstein1d } from '../../src/metrics';
import { goldenNumbers, goldenPoints } from './golden';
import { close, mapped, normals, reversed } from './sets';

type Golden = { wasserstein_1d_unequal_sizes: { values: number[] } };
const golden = goldenNumbers<Golden>('features').wasserstein_1d_unequal_sizes;
const goldenSet = goldenPoints('features');

const column = ({ data, n, d }: Points, axis: number, rows = n): Points => ({
  data: Float32Array.from({ length: rows }, (_, i) => data[i * d + axis]),
  n: rows,
  d: 1,
});

const numbers = (...values: number[]): Points => ({ data: Float32Array.from(values), n: values.length, d: 1 });

test('W1 of sets of numbers of different size is the recorded value of SciPy', () => {
  const [x, y] = [goldenSet('sw/x'), goldenSet('sw/y')];
  golden.values.forEach((expected, axis) => {
    const { value, n, nReference } = wasserstein1d(column(x, axis), column(y, axis, 40));
    assert.ok(close(value, expected, 1e-13), `${value}, expected ${expected}`);
    assert.deepEqual([n, nReference], [80, 40]);
  });
});

test('W1 of a shifted set is the shift, of a spread one the mean distance moved, and half the mass moved costs half', () => {
  const x = normals(500, 1, 1);
  assert.ok(close(wasserstein1d(reversed(x), mapped(x, v => v - 3)).value, 3, 1e-6)); // prettier-ignore
  const meanAbsolute = x.data.reduce((sum, v) => sum + Math.abs(v), 0) / 500;
  assert.ok(close(wasserstein1d(x, mapped(x, v => 2 * v)).value, meanAbsolute, 1e-6)); // prettier-ignore
  assert.equal(wasserstein1d(numbers(0, 0), numbers(0, 8)).value, 4);
  assert.equal(wasserstein1d(numbers(1), numbers(0, 2, 4)).value, (1 + 1 + 3) / 3);
});

test('W1 is symmetric and 0 between a set and itself repeated', () => {
  const [x, y] = [normals(40, 1, 2), normals(30, 1, 3)];
  assert.ok(close(wasserstein1d(x, y).value, wasserstein1d(y, x).value, 1e-12));
  assert.equal(wasserstein1d(x, numbers(...x.data, ...x.data)).value, 0);
});

test('points of more dimensions and numbers that are not finite are refused', () => {
  assert.throws(() => wasserstein1d(normals(5, 2, 0), normals(5, 2, 0)), /samples\.d must be 1/);
  assert.throws(() => wasserstein1d(numbers(1), numbers(0, Infinity)), /reference: row 1 must be finite numbers/);
});
