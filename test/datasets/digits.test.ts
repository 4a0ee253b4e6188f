import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type DataBatch, digits, indexRange as range } from '../../src/datasets';
import { mean } from '../close';

const size = 256;
const train = digits({ seed: 1 });
let images: DataBatch;

before(async () => {
  images = await train.batch(range(2000));
});

test('the same index is the same image, whatever batch it comes in', async () => {
  const one = await digits({ seed: 1 }).batch([1234]);
  const many = await train.batch([7, 1234, 9]);
  assert.deepEqual(one.x, many.x.slice(size, 2 * size));
  assert.equal(one.labels[0], many.labels[1]);
});

test('train and test, and different seeds, share no image', async () => {
  const keys = new Set<string>();
  const sets = [train, digits({ seed: 1, split: 'test' }), digits({ seed: 2 })];
  for (const set of sets) {
    const { x } = await set.batch(range(200));
    for (const i of range(200)) keys.add(Buffer.from(x.slice(i * size, (i + 1) * size)).toString('base64'));
  }
  assert.equal(keys.size, 600);
});

test('pixels are bytes, paper is 0, and every image has ink inside its border', () => {
  for (const i of range(2000)) {
    const image = images.x.subarray(i * size, (i + 1) * size);
    assert.ok(image instanceof Uint8Array);
    assert.equal(image[0], 0);
    assert.ok(Math.max(...image) > 127, `image ${i} is faint`);
    const border = range(16).flatMap(k => [image[k], image[240 + k], image[16 * k], image[16 * k + 15]]);
    assert.ok(border.filter(v => v > 0).length < 8, `image ${i} runs over its border`);
  }
});

test('the ten classes are drawn equally often', () => {
  const counts = new Array<number>(10).fill(0);
  for (const label of images.labels) counts[label]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
  assert.ok(chiSquare < 27.9, `chi-square with 9 degrees of freedom, p > 0.001: ${chiSquare}`);
});

test('classes look different: the nearest class mean of the train split names most of the test split', async () => {
  const means = range(10).map(() => new Float64Array(size));
  images.labels.forEach((label, i) => means[label].forEach((_, k, mean) => (mean[k] += images.x[i * size + k])));
  const counts = range(10).map(c => images.labels.filter(label => label === c).length);
  const distance = (x: ArrayLike<number>, c: number): number =>
    means[c].reduce((sum, mean, k) => sum + (x[k] - mean / counts[c]) ** 2, 0);
  const test = await digits({ seed: 1, split: 'test' }).batch(range(500));
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
      (sum, i) =>
        sum + mean.reduce((s, m, k) => s + ((images.x[i * size + k] - m) / 127.5) ** 2, 0) / size / own.length,
      0,
    );
  });
  // of a pixel variance of about 0.36 in all, at least 0.1 lies within every class
  assert.ok(Math.min(...variation) > 0.1, String(variation));
});

test('other resolutions draw the same digits', async () => {
  const large = digits({ seed: 1, resolution: 32 });
  assert.deepEqual(large.sampleShape, [32, 32, 1]);
  const { x, labels } = await large.batch(range(20));
  assert.deepEqual(labels, images.labels.slice(0, 20));
  for (const i of range(20)) {
    const ink = (values: ArrayLike<number>) => mean(values) / 255;
    const [small, big] = [images.x.subarray(i * 256, i * 256 + 256), x.subarray(i * 1024, i * 1024 + 1024)];
    assert.ok(Math.abs(ink(small) - ink(big)) < 0.03, `${ink(small)} and ${ink(big)}`);
  }
});

test('bad options are refused with the known ones', () => {
  assert.throws(() => digits({ sed: 1 } as never), /unknown option 'sed'. Did you mean 'seed'/);
  assert.throws(() => digits({ resolution: 4 }), /resolution/);
  assert.throws(() => digits({ split: 'valid' as never }), /'train', 'test'/);
});
