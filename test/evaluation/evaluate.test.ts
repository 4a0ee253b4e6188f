import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { normal } from '../../src/compute/noise';
import { type Dataset, digits } from '../../src/datasets';
import {
  datasetImages,
  drawnImages,
  evaluate,
  type EvaluateOptions,
  type ImageSource,
  pngWriter,
  realStatistics,
} from '../../src/evaluation';
import {
  densityCoverage,
  featureIdentity,
  featureStatistics,
  frechet,
  inceptionScore,
  kid,
  precisionRecall,
  type MetricResult,
} from '../../src/metrics';
import { close } from '../metrics/sets';
import { temporaryFolder } from '../temporary-folder';
import { projection, projector } from './projector';

const folder = temporaryFolder();

const pixels = 16 * 16;

/** Grey noise images in [-1.2, 1.2] about a mean: image k depends on seed k; counts what it draws. */
const noise = (mean: number): ImageSource & { drawn: number[] } => {
  const drawn: number[] = [];
  const source = drawnImages({
    name: 'noise',
    shape: [16, 16, 1],
    classes: 0,
    identity: { mean },
    draw: ({ seeds }) => {
      drawn.push(...seeds);
      return Promise.resolve({ data: noiseImages(seeds, mean), n: seeds.length, shape: [16, 16, 1] });
    },
  });
  return { ...source, drawn };
};

const noiseImages = (seeds: readonly number[], mean: number): Float32Array => {
  const data = new Float32Array(seeds.length * pixels);
  seeds.forEach((seed, i) =>
    data.set(
      normal({ seed, stream: 'test' }, pixels).map(v => mean + 0.4 * v),
      i * pixels,
    ),
  );
  return data;
};

/** EDM's bytes of an image: x * 127.5 + 128, clipped, its fraction cut off. */
const stored = (x: Float32Array): Uint8Array =>
  Uint8Array.from(x, v => Math.trunc(Math.min(255, Math.max(0, v * 127.5 + 128))));

/** Features of drawn digits number `first` to `first + n - 1`, straight from the data. */
const digitFeatures = async (split: 'train' | 'test', first: number, n: number): Promise<Points> => {
  const { x } = await digits({ split }).batch(Array.from({ length: n }, (_, i) => first + i));
  return projection({ data: x as Uint8Array, n, h: 16, w: 16, c: 1 });
};

const range = (first: number, n: number): number[] => Array.from({ length: n }, (_, i) => first + i);

const options = (given: Partial<EvaluateOptions> = {}): EvaluateOptions => ({
  images: noise(-0.5),
  reference: digits(),
  nReference: 60,
  extractor: projector(),
  metrics: ['fd'],
  n: 40,
  blocks: 2,
  seed: 100,
  ...given,
});

/** Without what made it, which has the clock in it. */
const numbers = (result: MetricResult): object => ({ ...result, madeBy: undefined });

test('each block is the Fréchet distance of the images of its seeds, drawn and stored as bytes', async () => {
  const [result] = await evaluate(options());
  const reference = await digitFeatures('train', 0, 60);
  const expected = await Promise.all(
    [100, 140].map(async first => {
      const data = stored(noiseImages(range(first, 40), -0.5));
      return (await frechet(projection({ data, n: 40, h: 16, w: 16, c: 1 }), reference)).value;
    }),
  );
  result.blocks.forEach((value, b) => assert.ok(close(value, expected[b], 1e-12), `${value}, expected ${expected[b]}`));
  assert.ok(close(result.value, (expected[0] + expected[1]) / 2, 1e-12));
  assert.deepEqual(result.seeds, [
    { first: 100, last: 139 },
    { first: 140, last: 179 },
  ]);
  assert.deepEqual([result.metric, result.n, result.nReference, result.smallerIsBetter], ['fd', 40, 60, true]);
  assert.deepEqual(result.features, { name: 'projection', d: 4, sha256: 'none', preprocessing: 'none' });
  assert.equal(result.reference?.source, 'drawn digits');
});

test('the floor is that of real images behind the reference, or of another split, block by block', async () => {
  const reference = await digitFeatures('train', 0, 60);
  const [own] = await evaluate(options());
  const expected = await Promise.all(
    [60, 100].map(async first => (await frechet(await digitFeatures('train', first, 40), reference)).value),
  );
  own.floorBlocks.forEach((value, b) => assert.ok(close(value, expected[b], 1e-12)));
  assert.ok(own.floor! < own.value, `${own.floor} of ${own.value}`);
  assert.match(own.floorOf, /other images of 'digits16', train/);

  const [other] = await evaluate(options({ real: digits({ split: 'test' }) }));
  const first = (await frechet(await digitFeatures('test', 0, 40), reference)).value;
  assert.ok(close(other.floorBlocks[0], first, 1e-12));
  assert.deepEqual(other.blocks, own.blocks);
});

/** Data whose image i has all its pixels at value i: `asked` says what was looked at. */
const ramp = (length: number): Dataset & { asked: number[] } => {
  const asked: number[] = [];
  return {
    name: 'ramp',
    sampleShape: [16, 16, 1],
    classes: 0,
    length,
    provenance: { sha256: 'ramp' },
    asked,
    batch: indices => {
      asked.push(...indices);
      const x = new Uint8Array(indices.length * pixels);
      indices.forEach((index, i) => x.fill(index, i * pixels, (i + 1) * pixels));
      return Promise.resolve({ x, labels: new Int32Array(0) });
    },
  };
};

test('a stored reference is a random part of the data, and no real image of the floor is in it', async () => {
  const data = ramp(200);
  const [{ floorBlocks }] = await evaluate(options({ reference: data, nReference: 100, n: 40, blocks: 3 }));
  assert.equal(floorBlocks.length, 2); // 100 images are left: two blocks of 40
  const reference = new Set(data.asked.slice(0, 100));
  assert.equal(new Set(data.asked).size, 180);
  assert.ok(data.asked.slice(100).every(index => !reference.has(index)));
  const late = [...reference].filter(index => index >= 100).length;
  assert.ok(late > 30 && late < 70, `${late} of 100 from the second half`);
});

test('without enough other real images there is no floor, and the result says why', async () => {
  const [{ floor, floorBlocks, floorOf, nReference }] = await evaluate(
    options({ reference: ramp(90), nReference: undefined }),
  );
  assert.deepEqual([floor, floorBlocks, nReference], [null, [], 90]);
  assert.equal(floorOf, "none: 'ramp' has 0 other images, 40 are needed");
});

test('every metric is given the sets that it is defined on, and its options are in the result', async () => {
  const metrics = ['kid', 'is', 'pr', 'dc'];
  const results = await evaluate(options({ metrics, blocks: 1 }));
  const data = stored(noiseImages(range(100, 40), -0.5));
  const samples = projection({ data, n: 40, h: 16, w: 16, c: 1 });
  const [all, asMany] = [await digitFeatures('train', 0, 60), await digitFeatures('train', 0, 40)];
  const [{ value }, near, dense] = [
    await kid(samples, all),
    await precisionRecall(samples, asMany),
    await densityCoverage(samples, asMany),
  ];
  const { precision, recall } = near;
  assert.deepEqual(
    results.map(({ metric, value, nReference, options }) => [metric, value, nReference, options]),
    [
      ['kid', value, 60, { subsets: 100, subsetSize: 40 }],
      ['is', inceptionScore(samples).value, 0, { splits: 10 }],
      ['precision', precision, 40, { k: 3 }],
      ['recall', recall, 40, { k: 3 }],
      ['density', dense.density, 40, { k: 5 }],
      ['coverage', dense.coverage, 40, { k: 5 }],
    ],
  );
  assert.deepEqual(
    results.map(({ smallerIsBetter }) => smallerIsBetter),
    [true, false, false, false, false, false],
  );
  assert.equal(results[1].reference, null);
});

test('statistics of the reference give the same as its images', async () => {
  const statistics = await featureStatistics(await digitFeatures('train', 0, 60));
  const source = { file: 'digits.npz' };
  const features = featureIdentity(projector());
  const [known] = await evaluate(options({ reference: { ...statistics, source, features }, nReference: undefined }));
  const [drawn] = await evaluate(options());
  known.blocks.forEach((value, b) => assert.ok(close(value, drawn.blocks[b], 1e-9)));
  assert.deepEqual([known.reference, known.floor, known.nReference], [source, null, 60]);
  const [unknown] = await evaluate(options({ reference: { ...statistics, n: NaN, source }, nReference: undefined }));
  assert.deepEqual([unknown.nReference, unknown.blocks], [null, known.blocks]);
  assert.match(String(unknown.reference?.features), /not said/);
});

test('cutting into chunks changes no value, and bounds the images in memory', async () => {
  const [whole] = await evaluate(options());
  const extractor = projector();
  const [cut] = await evaluate(options({ extractor, chunk: 7 }));
  cut.blocks.forEach((value, b) => assert.ok(close(value, whole.blocks[b], 1e-12)));
  assert.ok(Math.max(...extractor.sizes) === 7);
});

test('an interrupted evaluation goes on where it was and gives the same bits', async () => {
  const [whole] = await evaluate(options({ chunk: 10 }));
  const cache = folder('resumed');
  const controller = new AbortController();
  const images = noise(-0.5);
  const stopped = evaluate(
    options({
      images,
      cache,
      chunk: 10,
      signal: controller.signal,
      onProgress: ({ stage, done }) => {
        if (stage === 'measured' && done >= 50) controller.abort();
      },
    }),
  );
  await assert.rejects(stopped, { name: 'AbortError' });
  assert.deepEqual(images.drawn, range(100, 50));
  const rest = noise(-0.5);
  const [extractor, progress] = [projector(), [] as string[]];
  const [resumed] = await evaluate(
    options({
      images: rest,
      extractor,
      cache,
      chunk: 10,
      onProgress: ({ stage, done, total, made }) => progress.push(`${stage} ${done}/${total} ${made}`),
    }),
  );
  assert.deepEqual(rest.drawn, range(150, 30));
  assert.equal(extractor.sizes.length, 3);
  assert.deepEqual(numbers(resumed), numbers(whole));
  assert.ok(progress.includes('measured 50/80 0') && progress.at(-1) === 'measured 80/80 30', progress.join());
});

test('what was made for other features, other images or another range is not taken for it', async () => {
  const cache = folder('shared');
  await evaluate(options({ cache }));
  const images = noise(0.2);
  const [there] = await evaluate(options({ images, cache }));
  assert.equal(images.drawn.length, 80);
  assert.deepEqual(numbers(there), numbers((await evaluate(options({ images })))[0]));
  const extractor = { ...projector(), sha256: 'another' };
  const before = extractor.sizes.length;
  await evaluate(options({ extractor, cache }));
  assert.ok(extractor.sizes.length > before);
});

test('a damaged file of the cache is made again', async () => {
  const cache = folder('damaged');
  const [whole] = await evaluate(options({ cache }));
  for (const place of readdirSync(cache))
    for (const name of readdirSync(join(cache, place))) writeFileSync(join(cache, place, name), 'damaged');
  assert.deepEqual(numbers((await evaluate(options({ cache })))[0]), numbers(whole));
});

test('kept images are the bytes that were measured, as PNG by seed; a chunk without them is drawn again', async () => {
  const keep = pngWriter(folder('kept'));
  const cache = folder('keeping');
  await evaluate(options({ cache, chunk: 20 }));
  const images = noise(-0.5);
  await evaluate(options({ images, cache, chunk: 20, keep }));
  assert.equal(images.drawn.length, 80);
  assert.deepEqual(readdirSync(folder('kept')).sort(), ['000100', '000120', '000140', '000160']);
  const png = sharp(join(folder('kept'), '000120', '000123.png'));
  assert.equal((await png.metadata()).channels, 1);
  const data = (await png.toColourspace('b-w').raw().toBuffer()) as Uint8Array; // older Node types lack its own
  assert.deepEqual(new Uint8Array(data), stored(noiseImages([123], -0.5)));
  const again = noise(-0.5);
  await evaluate(options({ images: again, cache, chunk: 20, keep }));
  assert.deepEqual(again.drawn, []);
});

test('kept images are those of the network that was measured last, each once', async () => {
  const [place, cache] = [folder('kept of two'), folder('keeping of two')];
  const keep = pngWriter(place);
  await evaluate(options({ images: noise(0.2), cache, chunk: 20 })); // its features are known below
  await evaluate(options({ cache, chunk: 10, keep }));
  const images = noise(0.2);
  await evaluate(options({ images, cache, chunk: 20, n: 20, keep }));
  assert.deepEqual(images.drawn, range(100, 40));
  assert.deepEqual(readdirSync(place).sort(), ['000100', '000120']);
  const png = sharp(join(place, '000120', '000123.png'));
  const data = (await png.toColourspace('b-w').raw().toBuffer()) as Uint8Array;
  assert.deepEqual(new Uint8Array(data), stored(noiseImages([123], 0.2)));
});

test('keeping images removes no folder that is no chunk, and chunks of older versions that hold the same images', async () => {
  const place = folder('kept beside others');
  for (const file of ['20240101/000103.png', '20240101/000777.png', '000102/000102.png', '000102/000103.png']) {
    mkdirSync(join(place, dirname(file)), { recursive: true });
    writeFileSync(join(place, file), '');
  }
  await evaluate(options({ cache: folder('keeping beside others'), chunk: 20, n: 20, keep: pngWriter(place) }));
  assert.deepEqual(readdirSync(place).sort(), ['000100', '000120', '20240101']);
});

test('statistics of one range leave what another range of the same images has done', async () => {
  const cache = folder('ranges');
  const source = datasetImages(digits());
  const stop = new AbortController();
  const onImages = (done: number): void => {
    if (done >= 20) stop.abort();
  };
  const begun = realStatistics({ source, first: 50, n: 40 }, projector(), {
    chunk: 10,
    cache,
    signal: stop.signal,
    onImages,
  });
  await assert.rejects(begun, { name: 'AbortError' });
  await realStatistics({ source, first: 0, n: 20 }, projector(), { chunk: 10, cache });
  const extractor = projector();
  await realStatistics({ source, first: 50, n: 40 }, extractor, { chunk: 10, cache });
  assert.deepEqual(extractor.sizes, [10, 10]);
  assert.ok(
    readdirSync(cache).every(name => name.endsWith('.safetensors')),
    readdirSync(cache).join(),
  );
});

test('a conditional network gets the class of a seed modulo the classes', async () => {
  const asked: [number[], number[]][] = [];
  const source = drawnImages({
    name: 'x',
    shape: [1, 1, 3],
    classes: 3,
    identity: {},
    draw: ({ seeds, labels = [] }) => {
      asked.push([[...seeds], [...labels]]);
      return Promise.resolve({ data: new Float32Array(3 * seeds.length), n: seeds.length, shape: [1, 1, 3] });
    },
  });
  const { data } = await source.images([4, 5, 6, 7]);
  assert.deepEqual(asked, [
    [
      [4, 5, 6, 7],
      [1, 2, 0, 1],
    ],
  ]);
  assert.deepEqual(data, new Uint8Array(12).fill(128));
  assert.equal(source.identity.labels, 'seed modulo 3');
});

const diverged = drawnImages({
  name: 'diverged',
  shape: [16, 16, 1],
  classes: 0,
  identity: {},
  draw: ({ seeds }) => {
    const data = new Float32Array(seeds.length * pixels);
    data[3 * pixels + 5] = NaN;
    return Promise.resolve({ data, n: seeds.length, shape: [16, 16, 1] });
  },
});

const known = {
  n: 60,
  d: 4,
  mean: new Float64Array(4),
  covariance: new Float64Array(16),
  source: { file: 'x.npz' },
};

const refusals: [name: string, given: Partial<EvaluateOptions>, message: RegExp][] = [
  ['unknown option', { block: 3 } as Partial<EvaluateOptions>, /unknown option 'block'. Did you mean 'blocks'\?/],
  ['unknown metric', { metrics: ['fid'] }, /unknown metric 'fid'. Did you mean 'fd'\?/],
  ['no classifier', { metrics: ['is'], extractor: { ...projector(), classes: 0 } }, /extractor must be a network with a classifier, which 'is' looks at/],
  ['single images of statistics', { metrics: ['fd', 'pr'], reference: known }, /reference must be a data set: 'pr' looks at single images/],
  ['no metric', { metrics: [] }, /metrics must be at least one/],
  ['one image', { n: 1 }, /n must be an integer from 2/],
  ['fewer images than splits', { metrics: ['is'], n: 5 }, /n must be at least 10 for 'is', got 5/],
  ['no block', { blocks: 0 }, /blocks must be an integer from 1/],
  ['a reference that is too small', { reference: ramp(50) }, /nReference must be at most the 50 images of 'ramp', got 60/],
  ['images of another shape', { reference: digits({ resolution: 8 }) }, /images of 'noise' must be \[8, 8, 1\] as those of 'digits8', got \[16,16,1\]/],
  ['a network that diverged', { images: diverged }, /the sample of seed 103 must be made of finite numbers/],
  ['statistics of another size', { reference: { ...known, d: 5 } }, /reference\.d must be 4 as the features of 'projection', got 5/],
  ['a part of statistics', { reference: known }, /nReference must be absent: statistics of a reference are as they are, got 60/],
  ['statistics of other features', { reference: { ...known, features: { name: 'x', d: 4, sha256: 'other', preprocessing: 'none' } } }, /evaluate: both sets must be of the same features/],
]; // prettier-ignore

for (const [name, given, message] of refusals)
  test(`refused: ${name}`, async () => {
    await assert.rejects(evaluate(options(given)), message);
  });

test('stored images are measured in their order, and have to be enough', async () => {
  const images = { ...noise(-0.5), length: 100 };
  await assert.rejects(evaluate(options({ images, seed: 0, n: 51 })), /n must be at most 50 for 2 blocks of 'noise'/);
});
