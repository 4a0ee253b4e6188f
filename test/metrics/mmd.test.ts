import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mmd } from '../../src/metrics';
import { goldenNumbers, goldenPoints } from './golden';
import { close, mapped, normals, reversed } from './sets';

const golden = goldenNumbers<{ mmd_rbf: { unbiased: number; biased: number } }>('features').mmd_rbf;
const [real, fake] = [goldenPoints('features')('feat/real'), goldenPoints('features')('feat/fake')];

test('MMD of the recorded features with bandwidth 2 is the reference value', async () => {
  const { value, biased, bandwidth, n, nReference } = await mmd(fake, real, { bandwidth: 2 });
  assert.ok(close(value, golden.unbiased, 1e-12), String(value));
  assert.ok(close(biased, golden.biased, 1e-12), String(biased));
  assert.deepEqual([bandwidth, n, nReference], [2, 100, 120]);
});

test('MMD of Gaussians a shift v apart is 2 (s / (s + 2))^(d / 2) (1 - exp(-|v|^2 / (2 s + 4))), s the squared bandwidth', async () => {
  const [x, y] = [normals(2000, 2, 1), mapped(normals(2000, 2, 2), (v, axis) => v + [1, -1][axis])];
  const expected = 2 * (2.25 / 4.25) * (1 - Math.exp(-2 / 8.5));
  const { value } = await mmd(x, y, { bandwidth: 1.5 });
  assert.ok(close(value, expected, 0.03), `${value}, expected ${expected}`);
});

test('a far mean does not change MMD: products are taken about the mean of the reference', async () => {
  const [x, y] = [normals(50, 3, 3), normals(60, 3, 4)].map(set => mapped(set, v => Math.round(64 * v) / 64)); // exact in float32
  const far = await mmd(
    mapped(x, v => v + 4096),
    mapped(y, v => v + 4096),
    { bandwidth: 0.5 },
  );
  assert.ok(close(far.value, (await mmd(x, y, { bandwidth: 0.5 })).value, 1e-9));
});

test('MMD is symmetric, blind to order, the same in blocks of any size, and biased 0 for equal sets', async () => {
  const [x, y] = [normals(50, 3, 5), normals(40, 3, 6)];
  const { value } = await mmd(x, y, { bandwidth: 1 });
  assert.ok(close((await mmd(reversed(y), x, { bandwidth: 1, block: 9 })).value, value, 1e-10));
  assert.ok(Math.abs((await mmd(x, reversed(x), { bandwidth: 1 })).biased) < 1e-14);
});

test('a missing bandwidth, single points and numbers that are not finite are refused', async () => {
  const x = normals(10, 2, 7);
  await assert.rejects(mmd(x, x, {} as never), /bandwidth must be a finite number above 0/);
  await assert.rejects(mmd(x, normals(1, 2, 0), { bandwidth: 1 }), /reference\.n/);
  await assert.rejects(mmd({ ...x, data: x.data.map(() => Infinity) }, x, { bandwidth: 1 }), /samples: row 0/);
});
