import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, downsampled, mirrored, padded, points, resized } from '../../src/datasets';

/** Two images of 2 x 4 pixels and one channel. */
const small: Dataset = {
  name: 'small',
  sampleShape: [2, 4, 1],
  classes: 2,
  length: 2,
  provenance: { source: 'test' },
  batch: indices => {
    const images = [
      [1, 2, 3, 4, 5, 6, 7, 8],
      [10, 20, 30, 40, 50, 60, 70, 80],
    ];
    return Promise.resolve({
      x: Uint8Array.from(indices.flatMap(index => images[index])),
      labels: Int32Array.from(indices),
    });
  },
};

test('downsampled: means of squares, rounded', async () => {
  const dataset = downsampled(small, 2);
  assert.deepEqual([dataset.name, dataset.sampleShape], ['small-1', [1, 2, 1]]);
  assert.deepEqual([...(await dataset.batch([1, 0])).x], [35, 55, 4, 6]); // 3.5 and 5.5 go up
  assert.throws(() => downsampled(small, 4), /factor must be a divisor of 2 and 4, got 4/);
});

test("padded: a black border, EDM's way from 28 to 32 pixels", async () => {
  const dataset = padded(small, 1);
  assert.deepEqual(dataset.sampleShape, [4, 6, 1]);
  const { x, labels } = await dataset.batch([0, 1]);
  const rows = (image: number) =>
    Array.from({ length: 4 }, (_, row) => [...x.slice(24 * image + 6 * row).subarray(0, 6)]);
  assert.deepEqual(rows(0), [
    [0, 0, 0, 0, 0, 0],
    [0, 1, 2, 3, 4, 0],
    [0, 5, 6, 7, 8, 0],
    [0, 0, 0, 0, 0, 0],
  ]);
  assert.deepEqual(rows(1)[2], [0, 50, 60, 70, 80, 0]);
  assert.deepEqual([...labels], [0, 1]);
});

test("resized: by Pillow's kernels, noted in the provenance", async () => {
  const dataset = resized(small, 2, 'box');
  assert.deepEqual([...(await dataset.batch([0])).x], [2, 4, 6, 8]); // box 4 -> 2: means of pairs, halves up
  assert.deepEqual(dataset.provenance, { source: 'test', resized: 2, kernel: 'box' });
  assert.throws(() => resized(small, 0), /resized: side/);
  assert.throws(() => resized(points('twoMoons'), 8), /samples of 'twoMoons' must be images \[H, W, C\]/);
});

test('mirrored: the mirror images follow the others', async () => {
  const dataset = mirrored(small);
  assert.equal(dataset.length, 4);
  const { x, labels } = await dataset.batch([3, 1]);
  assert.deepEqual([...x], [40, 30, 20, 10, 80, 70, 60, 50, 10, 20, 30, 40, 50, 60, 70, 80]);
  assert.deepEqual([...labels], [1, 1]);
  await assert.rejects(dataset.batch([4]), /mirrored: index must be an integer from 0 to 3/);
});
