import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  DatasetError,
  DownloadError,
  fetchDataset,
  fetchedFolder,
  openDataset,
  PUBLISHED,
  type PublishedDataset,
} from '../../src/datasets';
import { setEnvironment } from '../environment';
import { temporaryFolder } from '../temporary-folder';
import { cifarRecords, idxFiles } from './files';

const place = temporaryFolder();
setEnvironment({ COSIM_CACHE: place('cache') });
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What the server has, by name. */
const offered: Record<string, Uint8Array> = {};
const asked: string[] = [];
const server = createServer(({ url = '' }, response) => {
  asked.push(url);
  const bytes = offered[url.slice(1)];
  response.writeHead(bytes ? 200 : 404).end(bytes);
});
let base = '';

before(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** Four small idx files, offered gzipped. */
const offerMnist = (): PublishedDataset => {
  const files = [...Object.entries(idxFiles(5)), ...Object.entries(idxFiles(2, { seed: 1 }))].map(
    ([kind, bytes], i) => {
      const name = `${i < 2 ? 'train' : 't10k'}-${kind === 'images' ? 'images-idx3' : 'labels-idx1'}-ubyte.gz`;
      const zipped = gzipSync(bytes);
      offered[name] = zipped;
      return { name, url: base + name, sha256: sha256(zipped), contentSha256: sha256(bytes) };
    },
  );
  return { title: 'small', licence: 'none', files };
};

test('MNIST: four files into the cache, checked; a second time none is asked for', async () => {
  const published = offerMnist();
  const seen = new Set<string>();
  assert.equal(await fetchDataset('mnist', { published, onProgress: file => seen.add(file) }), fetchedFolder('mnist'));
  assert.equal(seen.size, 4);
  const dataset = await openDataset('mnist');
  assert.equal(dataset.length, 5);
  const before = asked.length;
  await fetchDataset('mnist', { published });
  assert.equal(asked.length, before);
  rmSync(fetchedFolder('mnist'), { recursive: true });
});

test('files downloaded by hand are taken after the same checks, packed otherwise too', async () => {
  const published = offerMnist();
  mkdirSync(place('hand'));
  for (const { name } of published.files) writeFileSync(place('hand', name), offered[name]);
  const [first] = published.files;
  writeFileSync(place('hand', first.name), gzipSync(idxFiles(5).images, { level: 1 }));
  const before = asked.length;
  await fetchDataset('mnist', { published, from: place('hand') });
  assert.equal(asked.length, before);
  assert.equal((await openDataset('mnist', { split: 'test' })).length, 2);
  rmSync(fetchedFolder('mnist'), { recursive: true });
  writeFileSync(place('hand', first.name), gzipSync(idxFiles(6).images));
  await assert.rejects(
    fetchDataset('mnist', { published, from: place('hand') }),
    /not the published file, whose SHA-256/,
  );
  rmSync(place('hand', first.name));
  await assert.rejects(
    fetchDataset('mnist', { published, from: place('hand') }),
    /hand: train-images-idx3-ubyte\.gz was expected, from http/,
  );
  assert.ok(!existsSync(`${fetchedFolder('mnist')}/${first.name}`));
});

/** CIFAR-10's archive with these files. */
const offerCifar = (names: readonly string[]): PublishedDataset => {
  mkdirSync(place('tar', 'cifar-10-batches-bin'), { recursive: true });
  for (const name of names) writeFileSync(place('tar', 'cifar-10-batches-bin', name), cifarRecords(2));
  execFileSync('tar', ['-czf', place('archive.tar.gz'), '-C', place('tar'), 'cifar-10-batches-bin']);
  rmSync(place('tar'), { recursive: true });
  const bytes = readFileSync(place('archive.tar.gz'));
  offered['cifar-10-binary.tar.gz'] = bytes;
  const file = { name: 'cifar-10-binary.tar.gz', url: `${base}cifar-10-binary.tar.gz`, sha256: sha256(bytes) };
  return { title: 'small', licence: 'none', files: [file] };
};

const BATCHES = [1, 2, 3, 4, 5].map(i => `data_batch_${i}.bin`);

test('CIFAR-10: the archive is unpacked and removed', async () => {
  const incomplete = offerCifar(BATCHES);
  await assert.rejects(fetchDataset('cifar10', { published: incomplete }), /test_batch\.bin were expected in it/);
  assert.ok(!existsSync(fetchedFolder('cifar10')));
  rmSync(place('cache', 'cifar10', 'cifar-10-binary.tar.gz'));
  const published = offerCifar([...BATCHES, 'test_batch.bin']);
  await fetchDataset('cifar10', { published });
  const dataset = await openDataset('cifar10');
  assert.equal(dataset.length, 10);
  await dataset.close?.();
  assert.ok(!existsSync(place('cache', 'cifar10', 'cifar-10-binary.tar.gz')));
  const before = asked.length;
  await fetchDataset('cifar10', { published });
  assert.equal(asked.length, before);
  rmSync(place('cache', 'cifar10'), { recursive: true });
  await fetchDataset('cifar10', { published, from: place('archive.tar.gz') });
  assert.ok(existsSync(place('archive.tar.gz')), "the user's own file stays");
  await assert.rejects(fetchDataset('mnist', { published, from: place('nowhere') }), { code: 'ENOENT' });
});

test('a file that is not there says what to do', async () => {
  const published = offerMnist();
  delete offered[published.files[2].name];
  await assert.rejects(fetchDataset('fashion-mnist', { published }), (error: Error) => {
    assert.ok(error instanceof DownloadError && !(error instanceof DatasetError));
    assert.match(error.message, /404 Not Found\. Fetch http.* elsewhere and put it at .*fashion-mnist.*t10k-images/);
    return true;
  });
});

test('published files have a checksum and an address each', () => {
  for (const { files, licence } of Object.values(PUBLISHED)) {
    assert.ok(licence.length > 0);
    for (const file of files) {
      assert.match(file.sha256, /^[0-9a-f]{64}$/);
      assert.ok(new URL(file.url).pathname.endsWith(`/${file.name}`));
    }
  }
});
