import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pixelFeatures } from '../../src/features';

test('features are box means of the pixels in [0, 1], whatever the batch', async () => {
  // two images of 4 x 4: rows count up, the second is all white
  const grey = Uint8Array.from({ length: 32 }, (_, i) => (i < 16 ? 10 * i : 255));
  const images = { data: grey, n: 2, h: 4, w: 4, c: 1 };
  const extractor = pixelFeatures({ side: 2, channels: 1 });
  const { features } = await extractor.extract(images);
  assert.deepEqual([features.n, features.d], [2, 4]);
  const means = [25, 45, 105, 125]; // of 0, 10, 40, 50; of 20, 30, 60, 70; ...
  means.forEach((mean, k) => assert.ok(Math.abs(features.data[k] - mean / 255) <= 1.01 / 255));
  assert.deepEqual([...features.data.subarray(4)], [1, 1, 1, 1]);
  assert.deepEqual((await extractor.extract(images, { batch: 1 })).features, features);
  const coloured = { data: Uint8Array.from({ length: 12 }, (_, i) => [255, 0, 51][i % 3]), n: 1, h: 2, w: 2, c: 3 };
  const colours = await pixelFeatures({ side: 1 }).extract(coloured);
  assert.deepEqual([...colours.features.data], [1, 0, Math.fround(51 / 255)]);
});

test('it stops when asked, and refuses other channels, images and options', async () => {
  const images = { data: new Uint8Array(12), n: 1, h: 2, w: 2, c: 3 };
  await assert.rejects(
    pixelFeatures({ channels: 1 }).extract(images),
    /images.c must be an integer from 1 to 1, got 3/,
  );
  await assert.rejects(pixelFeatures().extract(images, { signal: AbortSignal.abort(new Error('enough')) }), /enough/);
  const { extract } = pixelFeatures();
  await assert.rejects(extract(images, { batches: 1 } as object), /unknown option 'batches'. Did you mean 'batch'/);
  await assert.rejects(extract({ ...images, n: 2 }), /images.data must be n \* h \* w \* c = 24 bytes, got 12/);
  await assert.rejects(extract({ ...images, n: 0, data: new Uint8Array(0) }), /images.n must be an integer from 1/);
  await assert.rejects(extract(images, { batch: 0 }), /batch must be an integer from 1/);
  assert.throws(() => pixelFeatures({ channels: 2 as 3 }), /channels must be 1 or 3, got 2/);
  assert.throws(() => pixelFeatures({ side: 0 }), /side must be an integer from 1/);
});
