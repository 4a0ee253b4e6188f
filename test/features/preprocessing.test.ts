import type { Images } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSafetensors } from '../../src/checkpoints';
import { type Preprocessing, preprocessingText } from '../../src/features';
import { preprocess } from '../../src/features/preprocessing';
import { fixturesFolder } from '../golden';
import { plain } from './feature-files';

const images = (data: ArrayLike<number>, n: number, h: number, w: number, c: number): Images => ({
  data: Uint8Array.from(data),
  n,
  h,
  w,
  c,
});

/** What a network sees of images. */
const seen = (change: Partial<Preprocessing>, given: Images): number[] => [
  ...preprocess(given, { ...plain, ...change }),
];

// Two images of 1 x 2 pixels: (10 20 30) (40 50 60) and (70 80 90) (100 110 120).
const two = images([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120], 2, 1, 2, 3);

test('NHWC and NCHW, RGB and BGR, as bytes or floats', () => {
  assert.deepEqual(seen({}, two), [...two.data]);
  assert.deepEqual(seen({ channels: 'BGR' }, two), [30, 20, 10, 60, 50, 40, 90, 80, 70, 120, 110, 100]);
  const planes = [10, 40, 20, 50, 30, 60, 70, 100, 80, 110, 90, 120];
  assert.deepEqual(seen({ layout: 'NCHW' }, two), planes);
  const bytes = preprocess(two, { ...plain, layout: 'NCHW', dtype: 'uint8' });
  assert.deepEqual(bytes, Uint8Array.from(planes));
});

test('a range, and means and deviations of the right channels', () => {
  const pixel = images([0, 51, 255], 1, 1, 1, 3);
  assert.deepEqual(seen({ values: { range: [-1, 1] } }, pixel), [-1, Math.fround(-0.6), 1]);
  const values = { mean: [0, 0.1, 0.5], std: [1, 0.5, 0.25] };
  assert.deepEqual(seen({ values }, pixel), [0, Math.fround(0.2), 2]); // (b / 255 - mean) / std
  assert.deepEqual(seen({ values, channels: 'BGR' }, pixel), [2, Math.fround(0.2), 0]);
});

test('grey images in every channel; one channel where the network wants one', () => {
  const grey = images([7, 200], 1, 1, 2, 1);
  assert.deepEqual(seen({}, grey), [7, 7, 7, 200, 200, 200]);
  assert.deepEqual(seen({ channels: 'grey' }, grey), [7, 200]);
  assert.throws(() => seen({ channels: 'grey' }, two), /images.c must be 1 for a network of grey images, got 3/);
});

test("Pillow's and TensorFlow 1's resized images", () => {
  const { tensors } = parseSafetensors(readFileSync(join(fixturesFolder, 'resize', 'resize.safetensors')));
  const rgb = images(tensors.rgb.data as Uint8Array, 1, 32, 32, 3);
  for (const kernel of ['box', 'bilinear', 'bicubic', 'lanczos'] as const)
    assert.deepEqual(seen({ resize: { kernel: `pil-${kernel}`, size: 5 } }, rgb), [
      ...(tensors[`kernel rgb ${kernel} 5 5`].data as Uint8Array),
    ]);
  const expected = tensors['tensorflow1 rgb 5 5'].data as Float32Array;
  const got = seen({ resize: { kernel: 'tf1-bilinear', size: 5 } }, rgb);
  assert.equal(got.length, expected.length);
  assert.ok(got.every((value, i) => Math.abs(value - expected[i]) < 1e-4));
});

test('the middle of what was resized, its shorter side to size', () => {
  const wide = images([1, 3, 10, 30, 100, 200, 5, 7, 20, 40, 120, 220], 1, 2, 6, 1); // 1 x 3 by 2 x 2 means: 4 25 160
  const resize = { kernel: 'pil-box', size: 1, sides: 'shorter' } as const;
  assert.deepEqual(seen({ resize, crop: 1, channels: 'grey' }, wide), [25]);
  assert.deepEqual(seen({ resize, channels: 'grey' }, wide), [4, 25, 160]);
  const nine = images([1, 2, 3, 4, 5, 6, 7, 8, 9], 1, 3, 3, 1);
  assert.deepEqual(seen({ crop: 1, channels: 'grey' }, nine), [5]);
  assert.throws(() => seen({ crop: 4 }, nine), /images must be at least 4 pixels a side, the crop, got \[3,3\]/);
});

test('the text of a declaration names every step of it', () => {
  assert.equal(preprocessingText(plain), 'no resize, bytes, float32 NHWC RGB');
  const values = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  const resize = { kernel: 'pil-bicubic', size: 256, sides: 'shorter' } as const;
  assert.equal(
    preprocessingText({ resize, crop: 224, values, layout: 'NCHW', dtype: 'float32', channels: 'BGR' }),
    'pil-bicubic shorter side 256, crop 224x224, mean [0.485, 0.456, 0.406] std [0.229, 0.224, 0.225], float32 NCHW BGR',
  );
  assert.equal(
    preprocessingText({ ...plain, resize: { kernel: 'tf1-bilinear', size: 299 }, values: { range: [-1, 1] } }),
    'tf1-bilinear 299x299, range [-1, 1], float32 NHWC RGB',
  );
});
