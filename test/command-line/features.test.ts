import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { KNOWN_FEATURES } from '../../src/features';
import { echo, writeNetwork } from '../features/feature-files';
import { setEnvironment } from '../environment';
import { temporaryFolder } from '../temporary-folder';
import { cosim } from './commands';

const file = temporaryFolder();
setEnvironment({ COSIM_CACHE: file('cache') });

/** A network with the inputs and outputs of the FID network: means of the channels, times constants. */
const inception = writeNetwork(file('made.onnx'), {
  shape: ['n', 3, 299, 299],
  outputs: { features: ['n', 2048], logits: ['n', 1008] },
  build: (x, graph) => {
    const means = graph.add('Flatten', [graph.add('GlobalAveragePool', [x])]);
    const times = (d: number): string =>
      graph.add('MatMul', [means, graph.constant(new Float32Array(3 * d).fill(1), [3, d], 'float32')]);
    return { features: times(2048), logits: times(1008) };
  },
});
const place = file('cache/features/inception-v3-2015-12-05.onnx');

test('info lists the networks, says how a missing file is made, and what a network sees and gives', async () => {
  const { code, out } = await cosim('features', 'info');
  assert.equal(code, 0);
  assert.match(out, /^inception +Inception-v3 .* inception-v3-2015-12-05.onnx +not there$/m);
  assert.match(out, /^digits .* shipped$/m);
  const one = await cosim('features', 'info', 'dinov2');
  assert.match(one.out, /^weights +https:\/\/dl.fbaipublicfiles.com\/dinov2\//m);
  assert.match(one.out, /^licence +Apache-2.0$/m);
  assert.match(one.out, /The file is not there. How it is made:[^]*torch.onnx.export/);
  const digits = await cosim('features', 'info', 'digits');
  assert.match(digits.out, /^gives +64 features and 10 logits an image$/m);
  const unknown = await cosim('features', 'info', 'incepton');
  assert.deepEqual([unknown.code, unknown.err.includes("Did you mean 'inception'")], [2, true]);
});

test('fetch without a download says how the file is made, and takes one that is made', async () => {
  const none = await cosim('features', 'fetch', 'inception');
  assert.equal(none.code, 2);
  assert.match(none.err, /^licence +Apache-2.0$/m);
  assert.match(none.err, /no ONNX file to download. Make one, and then `cosim features fetch inception --from FILE`:/);
  const taken = await cosim('features', 'fetch', 'inception', '--from', inception);
  assert.equal(taken.code, 0, taken.err);
  const sha256 = createHash('sha256').update(readFileSync(inception)).digest('hex');
  assert.match(taken.out, new RegExp(`^gives +2,048 features and 1,008 logits an image$[^]*^sha256 +${sha256}$`, 'm'));
  assert.deepEqual(readFileSync(place), readFileSync(inception));
  const again = await cosim('features', 'fetch', 'inception');
  assert.deepEqual([again.code, again.out], [0, taken.out]);
  const replaced = await cosim('features', 'fetch', 'inception', '--from', inception);
  assert.match(replaced.err, /is there already; --force replaces it/);
});

test('fetch --force downloads again what is damaged, and keeps what is there until the other is checked', async () => {
  const network = writeNetwork(file('dinov2.onnx'), {
    shape: ['n', 3, 224, 224],
    outputs: { features: ['n', 1024] },
    build: (x, graph) => {
      const means = graph.add('Flatten', [graph.add('GlobalAveragePool', [x])]);
      return { features: graph.add('MatMul', [means, graph.constant(new Float32Array(3072), [3, 1024], 'float32')]) };
    },
  });
  let served = Buffer.from('no network');
  const server = createServer((_, answer) => answer.end(served)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const known = KNOWN_FEATURES.dinov2 as { url?: string };
  const { url } = known;
  known.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.onnx`;
  const there = file('cache/features/dinov2-vitl14.onnx');
  try {
    mkdirSync(dirname(there), { recursive: true });
    writeFileSync(there, 'damaged');
    assert.notEqual((await cosim('features', 'fetch', 'dinov2')).code, 0);
    assert.notEqual((await cosim('features', 'fetch', 'dinov2', '--force')).code, 0);
    assert.equal(readFileSync(there, 'utf8'), 'damaged', 'what came was no better');
    served = readFileSync(network);
    const { code, out, err } = await cosim('features', 'fetch', 'dinov2', '--force');
    assert.equal(code, 0, err);
    assert.match(out, /^gives +1,024 features/m);
    assert.deepEqual(readFileSync(there), served);
    assert.deepEqual(
      readdirSync(dirname(there)).filter(name => name.startsWith('dinov2')),
      ['dinov2-vitl14.onnx'],
    );
  } finally {
    known.url = url;
    server.close();
    rmSync(there, { force: true });
  }
});

test('fetch refuses a file that is not the declared network, and one of another hash, leaving nothing', async () => {
  const other = echo(file('other.onnx'), ['n', 3, 224, 224], 'uint8');
  const wrong = await cosim('features', 'fetch', 'dinov2', '--from', other);
  assert.deepEqual([wrong.code, wrong.err.includes('input images must be of type float32')], [2, true]);
  const embedding = writeNetwork(file('mobilenet.onnx'), {
    type: 'uint8',
    shape: ['n', 3, 224, 224],
    outputs: { features: ['n', 1024] },
    build: (x, graph) => {
      const means = graph.add('Flatten', [graph.add('GlobalAveragePool', [x])]);
      return { features: graph.add('MatMul', [means, graph.constant(new Float32Array(3072), [3, 1024], 'float32')]) };
    },
  });
  const hash = await cosim('features', 'fetch', 'mobilenet', '--from', embedding);
  assert.equal(hash.code, 2);
  assert.match(hash.err, /its SHA-256 is [0-9a-f]{64}, .* numbers were made with is 4213638c[0-9a-f]{56}; --force/);
  assert.ok(!existsSync(file('cache/features/mobilenet_v1_1024.onnx')));
  const forced = await cosim('features', 'fetch', 'mobilenet', '--from', embedding, '--force');
  assert.equal(forced.code, 0);
  const names = readdirSync(file('cache/features')).sort();
  assert.deepEqual(names, ['inception-v3-2015-12-05.onnx', 'mobilenet_v1_1024.onnx']);
  const usage = await cosim('features', 'fetch', 'clip');
  assert.deepEqual([usage.code, usage.err.includes('Known: inception, dinov2, mobilenet')], [2, true]);
});
