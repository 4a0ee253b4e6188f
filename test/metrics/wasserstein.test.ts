import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slicedWasserstein, slicedWassersteinAlong, wasserstein } from '../../src/metrics';
import { goldenNumbers, goldenPoints } from './golden';
import { close, mapped, normals, reversed } from './sets';

type Golden = {
  exact_w2: { cases: Record<string, { w2: number }> };
  sliced_wasserstein: { sw2: number };
};
const golden = goldenNumbers<Golden>('features');
const goldenSet = goldenPoints('features');

for (const [name, { w2 }] of Object.entries(golden.exact_w2.cases))
  test(`exact W2 of ${name} is SciPy's`, () => {
    const { value, n } = wasserstein(goldenSet(`w2/${name}/x`), goldenSet(`w2/${name}/y`));
    assert.ok(close(value, w2, 1e-9), `${value}, expected ${w2}`);
    assert.equal(n, goldenSet(`w2/${name}/x`).n);
  });

test('sliced W2 along the recorded directions is the reference value', () => {
  const { value } = slicedWassersteinAlong(goldenSet('sw/x'), goldenSet('sw/y'), goldenSet('sw/projections'));
  assert.ok(close(value, golden.sliced_wasserstein.sw2, 1e-6), String(value));
});

test('exact W2 of a shifted set is the length of the shift', () => {
  const x = normals(200, 2, 1);
  const shift = [0.75, -1];
  assert.ok(
    close(
      wasserstein(
        x,
        mapped(reversed(x), (v, axis) => v + shift[axis]),
      ).value,
      1.25,
      1e-6,
    ),
  );
});

test('exact W2 to the same points in another order is 0', () => {
  const x = normals(150, 3, 2);
  assert.equal(wasserstein(x, reversed(x)).value, 0);
});

test('exact W2 in one dimension is the distance of the sorted sets', () => {
  const [x, y] = [normals(300, 1, 3), mapped(normals(300, 1, 4), v => 2 * v + 1)];
  const [a, b] = [x.data.slice().sort(), y.data.slice().sort()];
  const expected = Math.sqrt(a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0) / 300);
  assert.ok(close(wasserstein(x, y).value, expected, 1e-9));
});

test('exact W2 is symmetric and refuses sets of different or too large size', () => {
  const [x, y] = [normals(100, 2, 5), normals(100, 2, 6)];
  assert.ok(close(wasserstein(x, y).value, wasserstein(y, x).value, 1e-12));
  assert.throws(() => wasserstein(x, normals(99, 2, 6)), /reference\.n/);
  assert.throws(() => wasserstein(normals(2001, 1, 0), normals(2001, 1, 1)), /at most 2000/);
});

test('sliced W2 of a shift v is |v| / sqrt(d)', () => {
  const x = normals(100, 4, 7);
  const shift = [1, -2, 0, 2]; // length 3
  const { value } = slicedWasserstein(
    x,
    mapped(x, (v, axis) => v + shift[axis]),
    { projections: 20000 },
  );
  assert.ok(close(value, 3 / Math.sqrt(4), 0.02), String(value)); // E (w.v)^2 = |v|^2 / d
});

test('sliced W2 is symmetric, blind to order, and a function of its seed', () => {
  const [x, y] = [normals(400, 2, 8), normals(300, 2, 9)];
  const { value, n, nReference } = slicedWasserstein(x, y, { projections: 50 });
  assert.deepEqual([n, nReference], [400, 300]);
  assert.ok(close(slicedWasserstein(y, x, { projections: 50 }).value, value, 1e-12));
  assert.ok(close(slicedWasserstein(reversed(x), y, { projections: 50 }).value, value, 1e-12));
  assert.notEqual(slicedWasserstein(x, y, { projections: 50, seed: 1 }).value, value);
});

test('sliced W2 of sets of different size equals that of the sets repeated to one size', () => {
  const [x, y] = [normals(6, 2, 10), normals(4, 2, 11)];
  const repeat = (set: typeof x, times: number) => ({
    data: Float32Array.from({ length: times * set.data.length }, (_, i) => set.data[i % set.data.length]),
    n: times * set.n,
    d: set.d,
  });
  const expected = slicedWasserstein(repeat(x, 2), repeat(y, 3), { projections: 20 }).value;
  assert.ok(close(slicedWasserstein(x, y, { projections: 20 }).value, expected, 1e-12));
});

test('data of another length than n * d, other dimensions and unknown options are refused', () => {
  const x = normals(10, 2, 0);
  assert.throws(() => slicedWasserstein({ ...x, n: 11 }, x), /samples\.data/);
  assert.throws(() => slicedWasserstein(x, normals(10, 3, 0)), /reference\.d/);
  assert.throws(() => slicedWasserstein(x, x, { slices: 3 } as never), /unknown option/);
});

test('sets that are not finite are refused: in an assignment one NaN would make the distance 0', () => {
  const x = normals(10, 2, 0);
  for (const bad of [NaN, Infinity]) {
    const diverged = mapped(x, (v, axis) => (axis === 1 ? bad : v));
    for (const metric of [wasserstein, slicedWasserstein]) {
      assert.throws(() => metric(diverged, x), /samples: row 0 must be finite numbers/);
      assert.throws(() => metric(x, diverged), /reference: row 0 must be finite numbers/);
    }
  }
});
