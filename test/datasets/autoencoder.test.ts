import type { Samples } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OnnxBuilder } from '../../src/compute/onnx/onnx-builder';
import { encodeOnnx } from '../../src/compute/onnx/onnx-file';
import { type Autoencoder, autoencoderOf, encoded, onnxAutoencoder } from '../../src/datasets';
import { writeFileSync } from 'node:fs';
import { temporaryFolder } from '../temporary-folder';

const file = temporaryFolder();

type Spec = {
  path: string;
  from: (number | string)[];
  to: (number | string)[];
  build: (x: string, graph: OnnxBuilder) => string;
  type?: 'float32' | 'float64';
};

/** An ONNX file with one input and one output. */
const write = ({ path, from, to, build, type = 'float32' }: Spec): string => {
  const graph = new OnnxBuilder();
  graph.name(build('given', graph), 'made');
  writeFileSync(
    path,
    encodeOnnx({
      nodes: graph.nodes,
      initializers: graph.initializers(),
      inputs: [{ name: 'given', type, shape: from }],
      outputs: [{ name: 'made', type, shape: to }],
    }),
  );
  return path;
};

/** Every pixel of [n, c, h, w] as a block of 8 x 8 of them. */
const enlarged = (x: string, graph: OnnxBuilder): string =>
  graph.add('Resize', [x, '', graph.constant(Float32Array.of(1, 1, 8, 8), [4], 'float32')], { mode: 'nearest' });

/** Laid out as Stable Diffusion's decoder: latents [n, 4, h, w] to images [n, 3, 8 h, 8 w], here the first three / 10. */
const decoder = (path: string, n: number | string = 'n'): string =>
  write({
    path,
    from: [n, 4, 'h', 'w'],
    to: [n, 3, 'H', 'W'],
    build: (x, graph) => {
      const three = graph.add('Slice', [x, graph.integers([0]), graph.integers([3]), graph.integers([1])]);
      return graph.add('Div', [enlarged(three, graph), graph.float(10)]);
    },
  });

/** Its encoder with means and deviations: images [n, 3, H, W] to [n, 8, H / 8, W / 8]; means of blocks, x 1, 2, 3, 4. */
const encoder = (path: string): string =>
  write({
    path,
    from: ['n', 3, 'H', 'W'],
    to: ['n', 8, 'h', 'w'],
    build: (x, graph) => {
      const small = graph.add('AveragePool', [x], { kernel_shape: [8, 8], strides: [8, 8] });
      const grey = graph.add('ReduceMean', [small, graph.integers([1])], { keepdims: 1 });
      const factors = graph.constant(Float32Array.of(1, 2, 3, 4, 99, 99, 99, 99), [1, 8, 1, 1], 'float32');
      return graph.add('Mul', [grey, factors]);
    },
  });

const latents = (n: number, h: number, w: number): Samples => ({
  data: Float32Array.from({ length: n * h * w * 4 }, (_, i) => Math.sin(i) / 2),
  n,
  shape: [h, w, 4],
});

/** EDM2's constants, as its StabilityVAEEncoder has them. */
const MEAN = [5.81, 3.25, 0.12, -2.15];
const STD = [4.17, 4.62, 3.71, 3.28];

test("a decoder laid out as Stable Diffusion's takes EDM2's latents, channels last, and gives images in [-1, 1]", async () => {
  const autoencoder = await onnxAutoencoder(decoder(file('decoder.onnx')));
  assert.equal(autoencoder.encode, undefined);
  assert.deepEqual([autoencoder.factor, autoencoder.channels, autoencoder.name], [8, 4, 'decoder']);
  const given = latents(3, 2, 3);
  const images = await autoencoder.decode(given);
  assert.deepEqual([images.n, ...images.shape], [3, 16, 24, 3]);
  for (const [i, y, x, c] of [
    [0, 0, 0, 0],
    [1, 9, 17, 1],
    [2, 15, 23, 2],
    [0, 7, 8, 2],
  ]) {
    const z = given.data[((i * 2 + Math.floor(y / 8)) * 3 + Math.floor(x / 8)) * 4 + c];
    const unit = ((z / 0.5) * STD[c] + MEAN[c]) / 10; // the file's image, [0, 1]
    const expected = Math.max(-1, Math.min(1, 2 * unit - 1));
    const found = images.data[((i * 16 + y) * 24 + x) * 3 + c];
    assert.ok(Math.abs(found - expected) < 1e-5, `${found}, ${expected}`);
  }
  await autoencoder.close();
});

test('samples are the same one by one, in batches, and in a file of a fixed batch', async () => {
  const [free, fixed] = [decoder(file('free.onnx')), decoder(file('fixed.onnx'), 2)];
  const given = latents(5, 1, 2);
  const made = await Promise.all(
    [onnxAutoencoder(free, { batch: 1 }), onnxAutoencoder(free, { batch: 64 }), onnxAutoencoder(fixed)].map(
      async one => {
        const autoencoder = await one;
        const { data } = await autoencoder.decode(given);
        await autoencoder.close();
        return data;
      },
    ),
  );
  assert.deepEqual(made[1], made[0]);
  assert.deepEqual(made[2], made[0]);
});

test('of an encoder with means and deviations the means are taken, in units of mean 0 and deviation 0.5', async () => {
  const autoencoder = await onnxAutoencoder(decoder(file('a.onnx')), { encoder: encoder(file('b.onnx')) });
  const images = { data: new Float32Array(2 * 16 * 8 * 3).fill(0.5), n: 2, shape: [16, 8, 3] };
  images.data.fill(-1, 16 * 8 * 3); // the second image is black
  const { data, n, shape } = await autoencoder.encode!(images);
  assert.deepEqual([n, ...shape], [2, 2, 1, 4]);
  const expected = [0.75, 0].flatMap(unit =>
    [0, 1].flatMap(() => MEAN.map((mean, c) => (((c + 1) * unit - mean) / STD[c]) * 0.5)),
  );
  expected.forEach((value, i) => assert.ok(Math.abs(data[i] - value) < 1e-6, `${data[i]}, ${value}`));
  await autoencoder.close();
});

test('files that are no autoencoder, and options out of range, are refused by name', async () => {
  const good = decoder(file('good.onnx'));
  writeFileSync(file('text.onnx'), 'no network');
  const flat = write({ path: file('flat.onnx'), from: ['n', 4], to: ['n', 4], build: x => x });
  const double = write({
    path: file('double.onnx'),
    from: ['n', 4, 1, 1],
    to: ['n', 4, 1, 1],
    build: x => x,
    type: 'float64',
  });
  await assert.rejects(onnxAutoencoder(file('text.onnx')), /decoder must be an ONNX network/);
  await assert.rejects(onnxAutoencoder(flat), /one of float32, rank 4/);
  await assert.rejects(onnxAutoencoder(double), /one of float32, rank 4/);
  await assert.rejects(onnxAutoencoder(file('absent.onnx')), { code: 'ENOENT' });
  await assert.rejects(onnxAutoencoder(good, { mean: [0] }), /deviation must be as many numbers as the mean's 1/);
  await assert.rejects(
    onnxAutoencoder(good, { deviation: [1, 1, 0, 1] }),
    /deviation\[2\] must be a finite number above 0/,
  );
  await assert.rejects(onnxAutoencoder(good, { layout: 'NWHC' as 'NHWC' }), /layout must be one of/);
  const autoencoder = await onnxAutoencoder(good);
  await assert.rejects(
    autoencoder.decode({ data: new Float32Array(3), n: 1, shape: [1, 1, 3] }),
    /latents must be of shape \[h, w, 4\]/,
  );
  await assert.rejects(autoencoder.decode({ data: new Float32Array(3), n: 1, shape: [1, 1, 4] }), /4 numbers/);
  await autoencoder.close();
});

/** Latents that are the mean of each 2 x 2 pixels; counts what it is asked for. */
const counting = (): Autoencoder & { images: number } => {
  const one = {
    images: 0,
    ...autoencoderOf(
      {
        name: 'means',
        identity: { sha256: 'ab' },
        factor: 2,
        encode: ({ data, n }) => {
          one.images += n;
          const means = Float32Array.from({ length: n }, (_, i) =>
            data.subarray(4 * i, 4 * i + 4).reduce((sum, v) => sum + v / 4, 0),
          );
          return Promise.resolve({ data: means, n, shape: [1, 1, 1] });
        },
        decode: rows => Promise.resolve(rows),
        close: () => Promise.resolve(),
      },
      { mean: [0], deviation: [0.5], range: '[-1, 1]' },
    ),
  };
  return one;
};

const pictures = {
  name: 'pictures',
  sampleShape: [2, 2, 1],
  classes: 3,
  length: Infinity,
  provenance: { seed: 1 },
  batch: (indices: readonly number[]) =>
    Promise.resolve({
      x: Float32Array.from(indices.flatMap(i => [i, i + 1, i + 2, i + 3].map(v => v / 100))),
      labels: Int32Array.from(indices, i => i % 3),
    }),
};

test('a data set of latents encodes each sample once while it is kept, and is the same whatever was asked for before', async () => {
  const autoencoder = counting();
  const dataset = encoded(pictures, autoencoder, { keep: 3 });
  assert.deepEqual([dataset.name, dataset.sampleShape, dataset.classes], ['pictures-latents', [1, 1, 1], 3]);
  assert.deepEqual(dataset.provenance, { seed: 1, autoencoder: 'means', sha256: 'ab' });
  const close = (found: Float32Array | Uint8Array, expected: number[]): void =>
    expected.forEach((value, i) => assert.ok(Math.abs(found[i] - value) < 1e-6, `${found[i]}, ${value}`));
  const [a, b] = await Promise.all([dataset.batch([4, 1, 4]), dataset.batch([1, 4])]);
  close(a.x, [0.055, 0.025, 0.055]);
  close(b.x, [0.025, 0.055]);
  assert.deepEqual(
    [[...a.labels], [...b.labels]],
    [
      [1, 1, 1],
      [1, 1],
    ],
  );
  assert.equal(autoencoder.images, 2);
  await dataset.batch([7, 8]); // 1 was asked for before 4: it goes
  await dataset.batch([4]);
  assert.equal(autoencoder.images, 4);
  close((await dataset.batch([1])).x, [0.025]);
  assert.equal(autoencoder.images, 5);
  assert.throws(() => encoded({ ...pictures, sampleShape: [3, 3, 1] }, autoencoder), /sides that 2 divides/);
  assert.throws(() => encoded(pictures, { ...autoencoder, encode: undefined }), /an autoencoder with an encoder/);
});
