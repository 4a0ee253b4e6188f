import type { Images } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { after, test } from 'node:test';
import { type FeatureDeclaration, onnxFeatures } from '../../src/features';
import { workersFor } from '../../src/features/runtime-features';
import { type FeatureExtractor, featureIdentity } from '../../src/metrics';
import { temporaryFolder } from '../temporary-folder';
import { declared, echo, writeNetwork } from './feature-files';

const file = temporaryFolder();
const opened: FeatureExtractor[] = [];
after(() => Promise.all(opened.map(one => one.dispose())));

const open = async (path: string, declaration: FeatureDeclaration, workers = 1): Promise<FeatureExtractor> => {
  const features = await onnxFeatures(path, declaration, { workers });
  opened.push(features);
  return features;
};

const images = (data: ArrayLike<number>, n: number, h: number, w: number, c: number): Images => ({
  data: Uint8Array.from(data),
  n,
  h,
  w,
  c,
});
const numbered = (n: number, h: number, w: number, c: number): Images =>
  images(
    Array.from({ length: n * h * w * c }, (_, i) => (i * 37) % 256),
    n,
    h,
    w,
    c,
  );

const two = images([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120], 2, 1, 2, 3);
const weights = Float32Array.from({ length: 75 * 8 }, (_, i) => Math.sin(i * 1.7));

/** Features x W [n, 8] of 5 x 5 colour images, logits their double's first two. */
const linear = (path: string, n: number | string): string =>
  writeNetwork(path, {
    type: 'uint8',
    shape: [n, 3, 5, 5],
    outputs: { features: [n, 8, 1, 1], logits: [n, 2] },
    build: (x, graph) => {
      const rows = graph.add('Reshape', [x, graph.integers([-1, 75])]);
      const features = graph.add('MatMul', [rows, graph.constant(weights, [75, 8], 'float32')]);
      const logits = graph.add('Slice', [features, graph.integers([0]), graph.integers([2]), graph.integers([1])]);
      return {
        features: graph.add('Reshape', [features, graph.integers([-1, 8, 1, 1])]),
        logits: graph.add('Add', [logits, logits]),
      };
    },
  });
const bytes = declared({ layout: 'NCHW', dtype: 'uint8' }, { features: 'features', logits: 'logits' });

/** x W in float64. */
const product = ({ data, n }: Images): number[] =>
  Array.from({ length: n * 8 }, (_, at) => {
    const [i, j] = [Math.floor(at / 8), at % 8];
    let sum = 0;
    for (let k = 0; k < 75; k++) {
      const [channel, pixel] = [Math.floor(k / 25), k % 25];
      sum += data[i * 75 + pixel * 3 + channel] * weights[k * 8 + j];
    }
    return sum;
  });

test('there are as many sessions as the memory of the container has room for', t => {
  const file = Math.floor(totalmem() / 64); // bytes; without a limit there is room for 7
  let limit = 0;
  t.mock.method(process, 'constrainedMemory', () => limit);
  assert.equal(workersFor(file), Math.min(availableParallelism(), 7));
  limit = 8 * file;
  assert.equal(workersFor(file), 1);
});

test('images in a Buffer stay what they were', async () => {
  const network = await open(linear(file('buffer.onnx'), 'n'), { ...bytes, d: 8, classes: 2 });
  const given = numbered(2, 5, 5, 3);
  const data = Buffer.from(new Uint8Array(given.data).buffer); // memory of its own
  await network.extract({ ...given, data }, { batch: 1 });
  assert.deepEqual([...data], [...given.data]);
});

test('features and logits come with name, lengths, hash and what was done to the images', async () => {
  const path = linear(file('linear.onnx'), 'n');
  const network = await open(path, { ...bytes, d: 8, classes: 2 });
  assert.deepEqual(
    { ...featureIdentity(network), classes: network.classes },
    {
      name: 'tiny',
      d: 8,
      classes: 2,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
      preprocessing: 'no resize, bytes, uint8 NCHW RGB, output features',
    },
  );
  const given = numbered(3, 5, 5, 3);
  const { features, logits } = await network.extract(given);
  assert.deepEqual([features.n, features.d, logits?.n, logits?.d], [3, 8, 3, 2]);
  const expected = product(given);
  features.data.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-3));
  assert.deepEqual(
    [...logits!.data],
    [0, 1, 8, 9, 16, 17].map(i => 2 * features.data[i]),
  );
});

test('a vector depends on its image alone: whatever the batch, the threads, and the batch the file insists on', async () => {
  const given = numbered(37, 5, 5, 3);
  const flexible = linear(file('flexible.onnx'), 'n');
  const [one, both, fixed] = [
    await open(flexible, bytes),
    await open(flexible, bytes, 2),
    await open(linear(file('fixed.onnx'), 4), bytes),
  ];
  const { features } = await one.extract(given);
  const expected = product(given);
  features.data.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-3));
  for (const [network, batch] of [
    [one, 1],
    [one, 5],
    [both, 1],
    [both, 7],
    [both, 64],
    [fixed, 64],
  ] as const)
    assert.deepEqual((await network.extract(given, { batch })).features.data, features.data, `batch ${batch}`);
});

test("a transformer's token is taken out of its row of tokens", async () => {
  const path = writeNetwork(file('tokens.onnx'), {
    shape: ['n', 'h', 'w', 3],
    outputs: { last_hidden_state: ['n', 'tokens', 3] },
    build: (x, graph) => ({ last_hidden_state: graph.add('Reshape', [x, graph.integers([0, -1, 3])]) }),
  });
  const names = { features: ['features', 'last_hidden_state'] };
  const network = await open(path, declared({}, { ...names, token: 1, d: 3 }));
  assert.deepEqual([...(await network.extract(two)).features.data], [40, 50, 60, 100, 110, 120]);
  assert.match(network.preprocessing, /output last_hidden_state token 1$/);
  await assert.rejects(network.extract(images([1, 2, 3], 1, 1, 1, 3)), /\[1, 1, 3\], without token 1/);
  await assert.rejects(
    open(path, declared({}, names)),
    /last_hidden_state' is \[1, 1024, 3\], which is not one vector/,
  );
});

test('progress counts up to all images; a signal stops it, and the network goes on working', async () => {
  const network = await open(linear(file('stop.onnx'), 'n'), bytes, 2);
  const given = numbered(20, 5, 5, 3);
  const counts: number[] = [];
  await network.extract(given, { batch: 3, onImages: (done, total) => counts.push(done, total) });
  assert.deepEqual(counts.slice(-2), [20, 20]);
  assert.ok(counts.every((count, i) => i % 2 === 1 || i === 0 || count > counts[i - 2]));
  const stop = new AbortController();
  const reason = new Error('enough');
  let done = 0;
  const stopped = network.extract(given, {
    batch: 2,
    signal: stop.signal,
    onImages: count => {
      done = count;
      stop.abort(reason);
    },
  });
  await assert.rejects(stopped, reason);
  assert.ok(done < 20);
  await assert.rejects(network.extract(given, { signal: AbortSignal.abort(reason) }), reason);
  assert.equal((await network.extract(given)).features.n, 20);
});

test('calls that overlap get their own results, and the asking thread is free meanwhile', async () => {
  const path = echo(file('large.onnx'), ['n', 299, 299, 3]);
  const network = await open(path, declared({ resize: { kernel: 'tf1-bilinear', size: 299 } }));
  const [a, b] = [images([10, 10, 10], 1, 1, 1, 3), images([20, 20, 20], 1, 1, 1, 3)];
  let [turns, counting] = [0, true];
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  count();
  const many = images(new Uint8Array(30 * 3), 30, 1, 1, 3);
  const [x, y] = await Promise.all([network.extract(a), network.extract(b), network.extract(many, { batch: 10 })]);
  counting = false;
  assert.ok(x.features.data.every(value => value === 10) && y.features.data.every(value => value === 20));
  assert.ok(turns >= 10, `${turns} turns of the event loop`);
});

test('what is not finite, and a failure inside, is an error; the next images are none the worse', async () => {
  const path = writeNetwork(file('divides.onnx'), {
    shape: ['n', 'h', 'w', 3],
    outputs: { features: ['n', 3] },
    build: (x, graph) => {
      const rows = graph.add('Reshape', [x, graph.integers([-1, 3])]);
      return { features: graph.add('Div', [rows, graph.add('Sub', [rows, graph.float(5)])]) };
    },
  });
  const network = await open(path, declared());
  const bad = images([9, 9, 9, 9, 5, 9], 2, 1, 1, 3);
  await assert.rejects(network.extract(bad), /WorkerError: output 'features' is not finite for image 1 of the batch/);
  const square = await open(echo(file('square.onnx'), ['n', 'h', 'w', 3]), declared());
  await assert.rejects(
    square.extract(two),
    /images must be of a size that gives vectors of length 3072, got 'vectors of length 6'/,
  );
  assert.deepEqual([...(await network.extract(images([6, 6, 6], 1, 1, 1, 3))).features.data], [6, 6, 6]);
});

test('after dispose, and for images in flight then, the error says so', async () => {
  const network = await open(linear(file('gone.onnx'), 'n'), bytes);
  const running = assert.rejects(network.extract(numbered(50, 5, 5, 3), { batch: 1 }), /has been disposed of/);
  await network.dispose();
  await running;
  await assert.rejects(network.extract(numbered(1, 5, 5, 3)), /has been disposed of/);
});

test('images that are none are refused before they are sent', async () => {
  const network = await open(linear(file('images.onnx'), 'n'), bytes);
  const given = numbered(2, 5, 5, 3);
  await assert.rejects(
    network.extract({ ...given, n: 3 }),
    /extract: images.data must be n \* h \* w \* c = 225 bytes/,
  );
  await assert.rejects(network.extract(numbered(0, 5, 5, 3)), /images.n must be an integer from 1, got 0/);
  await assert.rejects(network.extract(numbered(1, 5, 5, 4)), /images.c must be 1 or 3, got 4/);
  await assert.rejects(network.extract(numbered(1, 6, 5, 3)), /images must be 5 x 5 pixels, the file's input, got/);
  await assert.rejects(network.extract(given, { batch: 0 }), /batch must be an integer from 1, got 0/);
  await assert.rejects(network.extract(given, { bach: 1 } as object), /unknown option 'bach'. Did you mean 'batch'/);
});

test('a file that is missing, empty, cut short, of another hash or no network is refused by name', async () => {
  const path = linear(file('errors.onnx'), 'n');
  const whole = readFileSync(path);
  const contents = {
    empty: whole.subarray(0, 0),
    cut: whole.subarray(0, whole.length / 2),
    text: Buffer.from('PK\x03'),
  };
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(file(name), content);
    await assert.rejects(onnxFeatures(file(name), bytes, { workers: 1 }), error => {
      assert.equal((error as Error).name, 'ArgumentError');
      assert.match((error as Error).message, /file must be an ONNX network \(.+\), got '.*(empty|cut|text)'/);
      return true;
    });
  }
  await assert.rejects(onnxFeatures(file('nowhere.onnx'), bytes), { code: 'ENOENT' });
  const sha256 = '0'.repeat(64);
  await assert.rejects(open(path, { ...bytes, sha256 }), /the SHA-256 of .*errors.onnx must be 0{64}, got '/);
  await assert.rejects(open(path, { ...bytes, d: 2048 }), /of a feature vector must be 2048, as declared, got 8/);
  await assert.rejects(open(path, { ...bytes, classes: 9 }), /number of classes must be 9, as declared, got 2/);
  await assert.rejects(open(path, { ...bytes, logits: 'x' }), /output must be called x; the file has features/);
  await assert.rejects(onnxFeatures(path, bytes, { workers: 0 }), /workers must be an integer from 1/);
});
