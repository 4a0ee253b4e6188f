import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { normal } from '../../src/compute/noise';
import { DatasetError, latents } from '../../src/datasets';
import { temporaryFolder } from '../temporary-folder';
import { edmName, npyOf, zipOf } from './files';

const place = temporaryFolder();

const sample = (seed: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + seed) * 3));

const write = async (name: string, arrays: Uint8Array[], json?: string): Promise<string> => {
  const files = arrays.map((bytes, i) => [edmName(i, 'img-mean-std-', 'npy'), bytes] as const);
  const path = place(`${name}.zip`);
  writeFileSync(path, await zipOf(json === undefined ? files : [...files, ['dataset.json', json]]));
  return path;
};

test('a channel with the assumed mean is 0, one deviation above it is 0.5', async () => {
  const means = [5.81, 3.25, 0.12, -2.15]; // EDM2, StabilityVAEEncoder: raw_mean, raw_std
  const stds = [4.17, 4.62, 3.71, 3.28];
  const values = means.flatMap((mean, c) => [mean, mean + stds[c]]);
  const dataset = await latents(await write('means', [npyOf(Float32Array.from(values), [4, 1, 2])]));
  assert.deepEqual(dataset.sampleShape, [1, 2, 4]);
  const { x } = await dataset.batch([0]);
  [0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5].forEach((expected, i) => assert.ok(Math.abs(x[i] - expected) < 1e-6, `${x[i]}`));
  await dataset.close?.();
});

test('mean plus deviation times noise; the noise is that of seed and index', async () => {
  const arrays = [0, 1, 2].map(seed => npyOf(sample(seed, 8 * 6), [8, 2, 3]));
  const pairs = [0, 1, 2].map(i => [edmName(i, 'img-mean-std-', 'npy'), 5 - i]);
  const path = await write('latents', arrays, JSON.stringify({ labels: pairs }));
  const dataset = await latents(path, { seed: 3 });
  assert.deepEqual([dataset.sampleShape, dataset.classes, dataset.length], [[2, 3, 4], 6, 3]);
  const { x, labels } = await dataset.batch([2, 0]);
  assert.ok(x instanceof Float32Array);
  assert.deepEqual([...labels], [3, 5]);
  const noise = normal({ seed: 3, stream: 'datasets.latents', sample: 2 }, 24);
  const data = sample(2, 48);
  const [c, p] = [1, 4]; // channel 1, second row, middle column
  const expected = ((data[c * 6 + p] + data[24 + c * 6 + p] * noise[c * 6 + p] - 3.25) * 0.5) / 4.62;
  assert.ok(Math.abs(x[p * 4 + c] - expected) < 1e-6);
  const again = await dataset.batch([1, 2]);
  assert.deepEqual([...again.x.subarray(24)], [...x.subarray(0, 24)], 'a sample does not depend on its batch');
  const other = await latents(path, { seed: 4 });
  assert.notDeepEqual([...(await other.batch([2])).x], [...x.subarray(0, 24)]);
  assert.equal(other.provenance.seed, 4);
  for (const open of [dataset, other]) await open.close?.();
});

test('arrays of another type, shape or length are refused', async () => {
  const good = npyOf(sample(0, 32), [8, 2, 2]);
  const float64 = Buffer.from(Buffer.from(good).toString('latin1').replace('<f4', '<f8'), 'latin1');
  const fortran = Buffer.from(Buffer.from(good).toString('latin1').replace('False', 'True '), 'latin1');
  const cases: [Uint8Array, RegExp][] = [
    [good.subarray(0, -4), /img-mean-std-00000000\.npy': 31 numbers, \[8, 2, 2\] has 32/],
    [good.subarray(0, -3), /not a whole npy file/],
    [good.subarray(0, 5), /not a whole npy file/],
    [npyOf(sample(0, 12), [3, 2, 2]), /\[3, 2, 2\]; \[8, H, W\] or \[4, H, W\] were expected/],
    [npyOf(sample(0, 16), [4, 4]), /\[4, 4\]; \[8, H, W\]/],
    [float64, /f8; f4 in C order was expected/],
    [fortran, /f4 in Fortran order; f4 in C order was expected/],
    [Buffer.from('text'), /not a whole npy file/],
  ];
  for (const [bytes, message] of cases)
    await assert.rejects(latents(await write('bad', [bytes])), (error: Error) => {
      assert.ok(error instanceof DatasetError, error.stack);
      assert.match(error.message, message);
      return true;
    });
  const mixed = await latents(await write('mixed', [good, npyOf(sample(0, 16), [4, 2, 2])]));
  await assert.rejects(mixed.batch([0, 1]), /has \[4, 2, 2\] where the first has \[8, 2, 2\]/);
  await mixed.close?.();
  await assert.rejects(latents(await write('required', [good]), { labels: 'required' }), /labels were asked for/);
});
