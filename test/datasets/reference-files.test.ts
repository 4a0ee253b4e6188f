import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { edmZip, imageFolder, latents } from '../../src/datasets';
import { fixturesFolder } from '../golden';
import { temporaryFolder } from '../temporary-folder';

const place = temporaryFolder();
const folder = join(fixturesFolder, 'datasets'); // by make_zip_fixtures.py: Pillow, numpy and zipfile
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
  'edm' | 'edm2' | 'jpeg',
  number[][]
>;

test("a zip file as EDM's tool writes it: the same pixels and labels", async () => {
  const dataset = await edmZip(join(folder, 'edm.zip'), { labels: 'required' });
  assert.deepEqual([dataset.sampleShape, dataset.classes, dataset.length], [[12, 12, 3], 5, 3]);
  const { x, labels } = await dataset.batch([0, 1, 2]);
  assert.deepEqual([...labels], [4, 0, 2]);
  assert.deepEqual([...x], expected.edm.flat());
  await dataset.close?.();
});

test("a zip file as EDM2's tool writes it: the encoder's scale and bias in float32", async () => {
  const dataset = await latents(join(folder, 'edm2.zip'));
  const { x, labels } = await dataset.batch([0, 1]);
  assert.deepEqual([...labels], [1, 0]);
  expected.edm2.flat().forEach((value, i) => assert.ok(Math.abs(x[i] - value) < 1e-6, `${x[i]} is not ${value}`));
  await dataset.close?.();
});

test('JPEG pictures decode as in Pillow', async () => {
  for (const name of ['colour.jpg', 'grey.jpg']) copyFileSync(join(folder, name), place(name));
  const dataset = await imageFolder(place(), { rgb: true });
  const { x } = await dataset.batch([0, 1]);
  const differences = expected.jpeg.flat().map((value, i) => Math.abs(x[i] - value));
  assert.equal(Math.max(...differences), 0);
});
