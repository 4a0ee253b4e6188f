import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digits } from '../../src/datasets';

const range = (count: number, first = 0): number[] => Array.from({ length: count }, (_, i) => first + i);
const size = 256;
const train = digits({ seed: 1 });
const images = train.batch(range(2000));

test('the same index is the same image, whatever batch it comes in', () => {
  const one = digits({ seed: 1 }).batch([1234]);
  const many = train.batch([7, 1234, 9]);
  assert.deepEqual(one.x, many.x.slice(size, 2 * size));
  assert.equal(one.labels[0], many.labels[1]);
});

test('train and test, and different seeds, share no image', () => {
  const keys = new Set<string>();
  const sets = [train, digits({ seed: 1, split: 'test' }), digits({ seed: 2 })];
  for (const set of sets) {
    const { x } = set.batch(range(200));
    for (const i of range(200)) keys.add(Buffer.from(x.slice(i * size, (i + 1) * size).buffer).toString('base64'));
  }
  assert.equal(keys.size, 600);
});

test('pixels lie in [-1, 1], paper is -1, and every image has ink inside its border', () => {
  for (const i of range(2000)) {
    const image = images.x.subarray(i * size, (i + 1) * size);
    assert.ok(image.every(v => v >= -1 && v <= 1));
    assert.equal(image[0], -1);
    assert.ok(Math.max(...image) > 0, `image ${i} is faint`);
    const border = range(16).flatMap(k => [image[k], image[240 + k], image[16 * k], image[16 * k + 15]]);
    assert.ok(border.filter(v => v > -1).length < 8, `image ${i} runs over its border`);
  }
});

test('the ten classes are drawn equally often', () => {
  const counts = new Array<number>(10).fill(0);
  for (const label of images.labels) counts[label]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
  assert.ok(chiSquare < 27.9, `chi-square with 9 degrees of freedom, p > 0.001: ${chiSquare}`);
});

test('classes look different: the nearest class mean of the train split names most of the test split', () => {
  const means = range(10).map(() => new Float64Array(size));
  images.labels.forEach((label, i) => means[label].forEach((_, k, mean) => (mean[k] += images.x[i * size + k])));
  const counts = range(10).map(c => images.labels.filter(label => label === c).length);
  const distance = (x: Float32Array, c: number): number =>
    x.reduce((sum, v, k) => sum + (v - means[c][k] / counts[c]) ** 2, 0);
  const test = digits({ seed: 1, split: 'test' }).batch(range(500));
  const right = test.labels.filter((label, i) => {
    const distances = range(10).map(c => distance(test.x.subarray(i * size, (i + 1) * size), c));
    return distances.indexOf(Math.min(...distances)) === label;
  });
  assert.ok(right.length / 500 > 0.6, `accuracy ${right.length / 500}; chance is 0.1`);
});

test('images of a class differ: no hand writes twice', () => {
  const variation = range(10).map(c => {
    const own = range(2000).filter(i => images.labels[i] === c);
    const mean = new Float64Array(size);
    for (const i of own) for (let k = 0; k < size; k++) mean[k] += images.x[i * size + k] / own.length;
    return own.reduce(
      (sum, i) => sum + mean.reduce((s, m, k) => s + (images.x[i * size + k] - m) ** 2, 0) / size / own.length,
      0,
    );
  });
  // of a pixel variance of about 0.36 in all, at least 0.1 lies within every class
  assert.ok(Math.min(...variation) > 0.1, String(variation));
});

test('other resolutions draw the same digits', () => {
  const large = digits({ seed: 1, resolution: 32 });
  assert.deepEqual(large.sampleShape, [32, 32, 1]);
  const { x, labels } = large.batch(range(20));
  assert.deepEqual(labels, images.labels.slice(0, 20));
  for (const i of range(20)) {
    const ink = (values: Float32Array) => values.reduce((sum, v) => sum + (v + 1) / 2, 0) / values.length;
    const [small, big] = [images.x.subarray(i * 256, i * 256 + 256), x.subarray(i * 1024, i * 1024 + 1024)];
    assert.ok(Math.abs(ink(small) - ink(big)) < 0.03, `${ink(small)} and ${ink(big)}`);
  }
});

test('bad options are refused with the known ones', () => {
  assert.throws(() => digits({ sed: 1 } as never), /unknown option 'sed'. Did you mean 'seed'/);
  assert.throws(() => digits({ resolution: 4 }), /resolution/);
  assert.throws(() => digits({ split: 'valid' as never }), /'train', 'test'/);
});
