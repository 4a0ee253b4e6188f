import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { digits, indexRange, subset } from '../../src/datasets';
import { pixelFeatures } from '../../src/features';
import { frechet } from '../../src/metrics';
import {
  distancesOfDistortions,
  distortedExamples,
  DISTORTIONS,
  floorsAgainstN,
  metricStudy,
  type MetricStudy,
} from '../../src/studies';
import { cifarRecords } from '../datasets/files';
import { setEnvironment } from '../environment';
import { temporaryFolder, withFolder } from '../temporary-folder';

const cache = temporaryFolder();
setEnvironment({ COSIM_CACHE: cache() });

const study = (): MetricStudy => ({
  name: 'digits',
  train: subset(digits({ seed: 0 }), indexRange(200)),
  test: subset(digits({ seed: 0, split: 'test' }), indexRange(160)),
  spaces: [pixelFeatures({ side: 4, channels: 1 })],
  note: '',
  dispose: () => Promise.resolve(),
});

test('floors: all blocks there are, each the distance of its own images, smaller for more images', () =>
  withFolder(async dir => {
    const { train, test: real, spaces } = study();
    const points = await floorsAgainstN(study(), [40, 160], { blocks: 3, cache: join(dir, 'cache') });
    assert.deepEqual(points.map(({ x, seed }) => [x, seed]), [[40, 0], [40, 1], [40, 2], [160, 0]]); // prettier-ignore
    const featuresOf = async (dataset: typeof train, n: number) => {
      const data = (await dataset.batch(indexRange(n))).x as Uint8Array;
      return (await spaces[0].extract({ data, n, h: 16, w: 16, c: 1 })).features;
    };
    // all 160 test images, in any order, against all 200 training images
    const { value } = await frechet(await featuresOf(real, 160), await featuresOf(train, 200));
    assert.ok(Math.abs(points[3].value - value) < 1e-9 * value + 1e-12, `${points[3].value}, ${value}`);
    assert.ok(points[3].value < Math.min(...points.slice(0, 3).map(point => point.value)));
  }));

test('distances grow with noise and blur; of the classes that are left the more are missing the farther', () =>
  withFolder(async dir => {
    const chosen = DISTORTIONS.map(d => ({ ...d, levels: d.name === 'Fewer classes' ? [1, 7] : d.levels.slice(1, 5) }));
    const points = await distancesOfDistortions(study(), 30, { distortions: chosen, cache: join(dir, 'cache') });
    for (const { name, levels } of chosen) {
      const own = points.filter(point => point.distortion === name);
      assert.deepEqual(own.map(point => point.x), levels); // prettier-ignore
      assert.ok(own[own.length - 1].value > 1.5 * own[0].value, `${name}: ${own.map(point => point.value).join()}`);
      for (const { value, floor, result } of own) assert.equal(value, result.value / floor);
    }
    const { labels, images } = await distortedExamples(study(), chosen.slice(0, 2));
    assert.equal(labels.length, 9);
    assert.deepEqual(images.map(({ n, shape }) => [n, ...shape]), Array<number[]>(9).fill([14, 16, 16, 1])); // prettier-ignore
  }));

test('data that are not there: drawn digits, and a line that says so', async () => {
  await selectBackend({ backend: 'wasm' });
  const found = await metricStudy({ most: 50 });
  assert.equal(found.name, 'digits');
  assert.match(found.note, /data: drawn digits, because cifar10 is not here \('cosim data fetch cifar10' fetches it\)/);
  assert.deepEqual([found.train.length, found.test.length], [50, 50]);
  assert.deepEqual(found.spaces.map(space => space.d), [64, 64]); // prettier-ignore
  await found.dispose();
});

/** Files that this process has open in a folder. */
const openIn = (folder: string): string[] =>
  readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      const path = readlinkSync(join('/proc/self/fd', fd));
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // it was the reading itself
    }
  });

test('data of which one part is there: drawn digits, and no file stays open', async () => {
  const folder = cache('cifar10', 'cifar-10-batches-bin');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'data_batch_1.bin'), cifarRecords(3));
  const found = await metricStudy({ most: 50 });
  assert.equal(found.name, 'digits');
  assert.deepEqual(openIn(cache()), []);
  await found.dispose();
});
