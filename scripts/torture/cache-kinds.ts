// What is kept between calls, and how it is used again: for each kind of cache a way to fill a folder, and one to ask for its numbers.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { indexRange } from '../../src/datasets';
import { loadResults, type NumberedImages, realStatistics, saveResults } from '../../src/evaluation';
import { featureStore } from '../../src/evaluation/feature-store';
import { type FeatureExtractor, metricResult } from '../../src/metrics';
import { type CurveConfig, sweep, trainedGenerator, trainingCurve } from '../../src/studies';
import { tinyTask } from '../../test/tasks/tiny-task';

/** A kind of cache. */
export type CacheKind = {
  /** Fills an empty folder, as an earlier process has left it. */
  fill: (folder: string) => Promise<void>;
  /** The numbers that the cache stands for, as text: found in the folder or computed again. */
  use: (folder: string) => Promise<string>;
};

const swept: CacheKind = (() => {
  const use = async (folder: string): Promise<string> => {
    const evaluate = ({ x }: { x: number }): Promise<object[]> =>
      Promise.resolve([{ value: Math.sqrt(x), worst: x === 2 ? NaN : Infinity, best: -Infinity }]);
    const entries = await sweep({ configs: [{ x: 2 }, { x: 3 }], folder, evaluate });
    return entries
      .flatMap(({ result }) => result as Record<string, number>[])
      .map(({ value, worst, best }) => [value, worst, best].join())
      .join(' ');
  };
  return { use, fill: async folder => void (await use(folder)) };
})();

const config: CurveConfig = {
  method: { kind: 'cosim' },
  run: { batch: 4, engine: 'eager' },
  seed: 3,
  evaluateAt: [4, 8, 12],
  steps: [1, 2],
  n: 4,
};

/** A training that was stopped half-way goes on, and gives the points of one that never was. */
const curve: CacheKind = {
  use: async folder => {
    const task = tinyTask();
    const points = await trainingCurve(task, config, { dir: join(folder, 'curve') });
    task.dispose();
    return points.map(({ images, nfe, value }) => `${images}/${nfe}: ${value}`).join(' ');
  },
  fill: async folder => {
    const task = tinyTask();
    const stop = new AbortController();
    const onImages = (images: number): void => {
      if (images >= 8) stop.abort(new Error('stopped'));
    };
    await trainingCurve(task, config, { dir: join(folder, 'curve'), signal: stop.signal, onImages }).catch(
      (error: unknown) => {
        if (!stop.signal.aborted) throw error;
      },
    );
    task.dispose();
    if (readdirSync(join(folder, 'curve')).length < 2) throw new Error('the training was not stopped half-way');
  },
};

const generator: CacheKind = (() => {
  const use = async (folder: string): Promise<string> => {
    const task = tinyTask();
    const { method, run: options } = config;
    const trained = await trainedGenerator(task, { method, run: options, images: 12, seed: 1 }, folder);
    const hash = createHash('sha256');
    for (const tensor of Object.values(trained!.run.parameters('ema'))) hash.update(await tensor.data<'float32'>());
    trained!.run.dispose();
    task.dispose();
    return hash.digest('hex');
  };
  return { use, fill: async folder => void (await use(folder)) };
})();

/** Twelve images of two by two pixels, each the next number. */
const source: NumberedImages = {
  name: 'numbers',
  length: 12,
  identity: { name: 'numbers' },
  images: indices => {
    const data = Uint8Array.from(indices.flatMap(i => [i, i, i, i]));
    return Promise.resolve({ data, n: indices.length, h: 2, w: 2, c: 1 });
  },
};

/** Three numbers of each image that depend on its first pixel. */
const extractor: FeatureExtractor = {
  name: 'three',
  d: 3,
  classes: 0,
  sha256: 'none',
  preprocessing: 'none',
  extract: ({ data, n }) => {
    const numbers = indexRange(3 * n).map(i => ((7 * data[4 * Math.floor(i / 3)] + i) % 11) / 3);
    return Promise.resolve({ features: { data: Float32Array.from(numbers), n, d: 3 } });
  },
  dispose: () => Promise.resolve(),
};

const features: CacheKind = (() => {
  const use = async (folder: string): Promise<string> => {
    const store = featureStore({ extractor, folder, chunk: 4 });
    const { points } = await store.collect({ source, first: 0, n: 12 }, new Set(['points'] as const));
    return points!.data.join();
  };
  return { use, fill: async folder => void (await use(folder)) };
})();

const statistics: CacheKind = (() => {
  const use = async (folder: string): Promise<string> => {
    const { n, mean, covariance } = await realStatistics({ source, first: 0, n: 12 }, extractor, {
      chunk: 4,
      cache: folder,
    });
    return [n, ...mean, ...covariance].join();
  };
  return { use, fill: async folder => void (await use(folder)) };
})();

const RESULT = metricResult({
  metric: 'fd',
  blocks: [2, 3],
  smallerIsBetter: true,
  n: 4,
  nReference: 12,
  options: {},
  features: { name: 'three', d: 3, sha256: 'none', preprocessing: 'none' },
  reference: null,
  seeds: [],
  floorBlocks: [1],
  floorOf: 'numbers',
});

/** Files for people are not computed again but refused by name. */
const results: CacheKind = {
  fill: folder => saveResults(join(folder, 'results.json'), { images: { name: 'numbers' }, results: [RESULT] }),
  use: async folder => {
    try {
      const { images, results: found } = await loadResults(join(folder, 'results.json'));
      return JSON.stringify([images, found]);
    } catch (error) {
      const { name, code } = error as Error & { code?: string };
      if (!['ArgumentError', 'CheckpointError'].includes(name) && !['ENOENT', 'EISDIR'].includes(code ?? ''))
        throw error;
      return JSON.stringify([{ name: 'numbers' }, [RESULT]]);
    }
  },
};

/** Every kind of cache whose numbers are believed when they are found. */
export const CACHE_KINDS: Readonly<Record<string, CacheKind>> = {
  'sweep results': swept,
  'training curve': curve,
  generator,
  features,
  statistics,
  'result files': results,
};
