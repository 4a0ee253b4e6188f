import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { cifar10, DatasetError } from '../../src/datasets';
import { temporaryFolder } from '../temporary-folder';
import { cifarRecords } from './files';

const place = temporaryFolder();

const writeFolder = (name: string, files: Record<string, Uint8Array>): string => {
  const folder = place(name);
  mkdirSync(folder);
  for (const [file, bytes] of Object.entries(files)) writeFileSync(`${folder}/${file}`, bytes);
  return folder;
};

test('planes become channels, and files follow each other in order', async () => {
  const [first, second] = [cifarRecords(3, 0), cifarRecords(2, 5)];
  const folder = writeFolder('good', { 'data_batch_1.bin': first, 'data_batch_4.bin': second });
  const dataset = await cifar10(folder);
  assert.deepEqual([dataset.sampleShape, dataset.classes, dataset.length], [[32, 32, 3], 10, 5]);
  const { x, labels } = await dataset.batch([4, 1]);
  assert.deepEqual([...labels], [6, 1]);
  const record = second.subarray(3073);
  for (const [row, column, c] of [
    [0, 0, 0],
    [0, 1, 2],
    [31, 31, 1],
    [17, 3, 2],
  ])
    assert.equal(x[(row * 32 + column) * 3 + c], record[1 + c * 1024 + row * 32 + column]);
  assert.equal(x[3072], first[3073 + 1]);
  assert.equal(dataset.provenance.files, 'data_batch_1.bin, data_batch_4.bin');
  assert.equal(dataset.provenance.sha256, createHash('sha256').update(first).update(second).digest('hex'));
  await dataset.close?.();
});

test('missing, truncated and mislabelled files are refused', async () => {
  const wrong = cifarRecords(2);
  wrong[3073] = 10;
  const folder = writeFolder('bad', { 'test_batch.bin': wrong, 'data_batch_2.bin': cifarRecords(2).subarray(1) });
  await assert.rejects(cifar10(place()), /none of data_batch_1\.bin, .* is there; unpack cifar-10-binary\.tar\.gz/);
  await assert.rejects(cifar10(folder), (error: Error) => {
    assert.ok(error instanceof DatasetError);
    return error.message.includes('data_batch_2.bin: 6145 bytes are no whole number of CIFAR-10 records of 3073');
  });
  const dataset = await cifar10(folder, { split: 'test' });
  await assert.rejects(dataset.batch([0, 1]), /image 1 has label 10; CIFAR-10 has 0 to 9/);
  await assert.rejects(dataset.batch([2]), /index must be an integer from 0 to 1, got 2/);
  truncateSync(`${folder}/test_batch.bin`, 100);
  await assert.rejects(dataset.batch([0]), /the file ends at 100/);
  await dataset.close?.();
});
