import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blurred, type Dataset, digits, indexRange, noisy, ofClasses, points, subset } from '../../src/datasets';
import { assertClose, mean, variance } from '../close';

/** One image as a data set: grey or coloured. */
const single = (image: Uint8Array, h: number, w: number, c: number): Dataset => ({
  name: 'single',
  sampleShape: [h, w, c],
  classes: 0,
  length: 1,
  provenance: {},
  batch: indices =>
    Promise.resolve({
      x: Uint8Array.from(indices.flatMap(() => [...image])),
      labels: new Int32Array(0),
    }),
});
const bytes = async (dataset: Dataset, indices = [0]): Promise<Uint8Array> =>
  (await dataset.batch(indices)).x as Uint8Array;

test('noise has the deviation asked for, is clipped to bytes, and is the same for the same image', async () => {
  const grey = single(new Uint8Array(64 * 64).fill(128), 64, 64, 1);
  const x = await bytes(noisy(grey, 20));
  assertClose(mean(x), 128, 1); // 20 / 64 = 0.3
  assertClose(Math.sqrt(variance(x)), 20, 0.8); // 20 / sqrt(2 * 4096) = 0.2
  assert.deepEqual(await bytes(noisy(grey, 20)), x);
  assert.notDeepEqual(await bytes(noisy(grey, 20, { seed: 1 })), x);
  assert.deepEqual(await bytes(noisy(grey, 0)), await bytes(grey));
  const many = digits({ seed: 3 });
  const [all, alone] = [await bytes(noisy(many, 9), [4, 5, 6]), await bytes(noisy(many, 9), [5])];
  assert.deepEqual(all.subarray(256, 512), alone);
  const bright = await bytes(noisy(single(new Uint8Array(4096).fill(250), 64, 64, 1), 100));
  assert.equal(Math.max(...bright), 255);
  assert.equal(Math.min(...bright) >= 0, true);
});

test('a point spreads as a Gaussian of the deviation asked for, in every channel alike', async () => {
  for (const c of [1, 3]) {
    const image = new Uint8Array(33 * 33 * c);
    image.fill(0);
    const blot = 3; // a square large enough that rounding to bytes matters little
    for (let i = -blot; i <= blot; i++)
      for (let j = -blot; j <= blot; j++) for (let k = 0; k < c; k++) image[((16 + i) * 33 + 16 + j) * c + k] = 250;
    const moment = (x: Uint8Array, k: number): number => {
      let [mass, second] = [0, 0];
      for (let i = 0; i < 33; i++)
        for (let j = 0; j < 33; j++) {
          mass += x[(i * 33 + j) * c + k];
          second += x[(i * 33 + j) * c + k] * (i - 16) ** 2;
        }
      return second / mass;
    };
    const x = await bytes(blurred(single(image, 33, 33, c), 2));
    // variances of convolved densities add; the faintest tails are rounded away
    for (let k = 0; k < c; k++) assertClose(moment(x, k), moment(image, k) + 4, 0.35, `channel ${k} of ${c}`);
  }
});

test('no blur changes nothing; a constant stays as it is', async () => {
  const image = Uint8Array.from({ length: 75 }, (_, i) => (i * 37) % 256);
  assert.deepEqual(await bytes(blurred(single(image, 5, 5, 3), 0)), image);
  const constant = new Uint8Array(192).fill(77);
  assert.deepEqual(await bytes(blurred(single(constant, 8, 8, 3), 1.5)), constant);
});

test('some samples, some classes: the samples of the data set itself', async () => {
  const all = digits({ seed: 2 });
  const some = subset(all, [9, 3]);
  assert.equal(some.length, 2);
  assert.deepEqual(await some.batch([0, 1]), await all.batch([9, 3]));
  const threes = await ofClasses(all, [3, 7], { among: 400 });
  const { labels } = await threes.batch(indexRange(threes.length));
  assert.deepEqual([...new Set(labels)].sort(), [3, 7]);
  const expected = (await all.batch(indexRange(400))).labels.filter(label => label === 3 || label === 7).length;
  assert.equal(threes.length, expected);
  assert.notEqual(threes.provenance.subset, some.provenance.subset);
});

test('what cannot be is refused by name', async () => {
  assert.throws(() => noisy(points('checkerboard'), 1), /noisy: samples of 'checkerboard' must be images/);
  assert.throws(() => noisy(digits(), -1), /deviation must be a finite number of at least 0/);
  assert.throws(() => blurred(digits(), 0.1), /deviation must be a finite number of at least 0.3/);
  assert.throws(() => subset(digits(), []), /at least one index/);
  assert.throws(() => subset(single(new Uint8Array(4), 2, 2, 1), [1]), /indices must be an integer from 0 to 0/);
  await assert.rejects(ofClasses(points('checkerboard'), [0]), /'checkerboard' must be data with labels/);
  await assert.rejects(ofClasses(digits(), [0]), /among must be an integer/);
  await assert.rejects(ofClasses(digits(), [10], { among: 5 }), /classes must be an integer from 0 to 9/);
});
