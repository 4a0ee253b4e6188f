import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DatasetError, fashionMnist, mnist } from '../../src/datasets';
import { temporaryFolder } from '../temporary-folder';
import { bigEndian, idxFiles, noise, writeIdxFolder } from './files';

const place = temporaryFolder();
const { images, labels } = idxFiles(7);

test('plain and gzipped files give the images and labels that were written', async () => {
  const pixels = noise(7 * 784);
  for (const gz of [false, true]) {
    const folder = place(`good-${gz}`);
    writeIdxFolder(folder, 7, { gz });
    const dataset = await mnist(folder);
    assert.deepEqual([dataset.sampleShape, dataset.classes, dataset.length], [[28, 28, 1], 10, 7]);
    const { x, labels: classes } = await dataset.batch([6, 0, 6]);
    assert.deepEqual([...classes], [8, 0, 8]); // (3 i) mod 10
    const image = (i: number) => [...pixels.subarray(784 * i, 784 * (i + 1))];
    assert.deepEqual([...x], [...image(6), ...image(0), ...image(6)]);
    await dataset.close?.();
  }
});

test('the test split reads t10k-*, and provenance says what was read', async () => {
  const folder = place('split');
  writeIdxFolder(folder, 3, { prefix: 't10k' });
  await assert.rejects(mnist(folder), /neither train-images-idx3-ubyte nor train-images-idx3-ubyte\.gz is there/);
  const dataset = await fashionMnist(folder, { split: 'test' });
  const written = idxFiles(3);
  assert.deepEqual(dataset.provenance, {
    source: 'Fashion-MNIST',
    split: 'test',
    files: 't10k-images-idx3-ubyte, t10k-labels-idx1-ubyte',
    sha256: createHash('sha256').update(written.images).update(written.labels).digest('hex'),
    licence: 'MIT; Zalando SE',
  });
  await dataset.close?.();
});

test('damaged files are refused, each with what was expected and found', async () => {
  const wide = Uint8Array.from([...images.subarray(0, 12), ...bigEndian(29), ...noise(7 * 28 * 29)]);
  const wrong = labels.slice();
  wrong[8 + 4] = 10;
  const cases: [string, Uint8Array, Uint8Array, RegExp][] = [
    ['magic', idxFiles(9).labels, labels, /images begins with 0x00000803, this one with 0x00000801/],
    ['short', images.subarray(0, -1), labels, /7 images make 5504 bytes, the file has 5503; it is truncated/],
    ['long', Uint8Array.from([...images, 0]), labels, /7 images make 5504 bytes, the file has 5505/],
    ['empty', new Uint8Array(0), labels, /0 bytes, less than the 16 of an idx header/],
    ['none', Uint8Array.from([0, 0, 8, 3, ...[0, 28, 28].flatMap(bigEndian)]), labels, /no images in it/],
    ['wide', wide, labels, /images of \[28, 29\], 28 x 28 were expected/],
    ['fewer', images, idxFiles(6).labels, /6 labels for 7 images/],
    ['label', images, wrong, /label 4 is 10; 0 to 9 are known/],
  ];
  for (const [name, first, second, message] of cases)
    for (const gz of [false, true]) {
      const folder = place(`${name}-${gz}`);
      mkdirSync(folder);
      const end = gz ? '.gz' : '';
      writeFileSync(`${folder}/train-images-idx3-ubyte${end}`, gz ? gzipSync(first) : first);
      writeFileSync(`${folder}/train-labels-idx1-ubyte${end}`, gz ? gzipSync(second) : second);
      await assert.rejects(mnist(folder), error => {
        assert.ok(error instanceof DatasetError, String(error));
        assert.match(error.message, message);
        return true;
      });
    }
});

test('a file that is no gzip, or unpacks to too much, is refused', async () => {
  const folder = place('bomb');
  writeIdxFolder(folder, 2, { gz: true });
  writeFileSync(`${folder}/train-images-idx3-ubyte.gz`, images);
  await assert.rejects(mnist(folder), /images-idx3-ubyte\.gz: not a whole gzip file \(incorrect header check\)/);
  writeFileSync(`${folder}/train-images-idx3-ubyte.gz`, gzipSync(images).subarray(0, -9));
  await assert.rejects(mnist(folder), /not a whole gzip file/);
  writeFileSync(`${folder}/train-images-idx3-ubyte.gz`, gzipSync(new Uint8Array(2 ** 26 + 1), { level: 1 }));
  await assert.rejects(mnist(folder), /unpacks to more than 67108864 bytes/);
});

test('a batch says that the file became shorter, and which indices there are', async () => {
  const folder = place('shorter');
  writeIdxFolder(folder, 4);
  const dataset = await mnist(folder);
  await assert.rejects(dataset.batch([4]), /mnist: index must be an integer from 0 to 3, got 4/);
  truncateSync(`${folder}/train-images-idx3-ubyte`, 16 + 784 * 2);
  await assert.rejects(dataset.batch([2]), /bytes 1584 to 2368 were wanted, the file ends at 1584/);
  await dataset.close?.();
  await assert.rejects(mnist(folder, { split: 'valid' as 'test' }), /split must be one of 'train', 'test'/);
});
