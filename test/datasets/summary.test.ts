import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, points, summariseDataset } from '../../src/datasets';

test('class counts, mean and deviation of each channel, bytes as 0 to 1', async () => {
  const dataset: Dataset = {
    name: 'two',
    sampleShape: [1, 2, 2],
    classes: 3,
    length: 2,
    provenance: {},
    batch: indices =>
      Promise.resolve({
        x: Uint8Array.from(indices.flatMap(i => (i === 0 ? [0, 255, 51, 255] : [0, 0, 51, 0]))),
        labels: Int32Array.from(indices, i => 2 * i),
      }),
  };
  const { n, counts, mean, deviation } = await summariseDataset(dataset);
  assert.deepEqual([n, counts], [2, [1, 0, 1]]);
  [0.1, 0.5].forEach((expected, c) => assert.ok(Math.abs(mean[c] - expected) < 1e-12)); // (0 + 51 + 0 + 51) / 4 / 255
  [0.1, 0.5].forEach((expected, c) => assert.ok(Math.abs(deviation[c] - expected) < 1e-12));
});

test('drawn data are looked at up to a limit', async () => {
  const { n, mean, deviation } = await summariseDataset(points('twoMoons'), { limit: 2000 });
  assert.equal(n, 2000);
  const variance = deviation.reduce((sum, value) => sum + value * value, 0) / 2;
  assert.ok(mean.every(value => Math.abs(value) < 0.06) && Math.abs(variance - 0.25) < 0.02); // mean 0, deviation 0.5
});
