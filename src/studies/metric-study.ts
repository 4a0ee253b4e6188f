/* What a metric makes of real images: how far down it goes at n images, and how it grows as they are distorted. */
import { ArgumentError } from '../compute/check';
import type { Samples } from '../compute/host-arrays';
import {
  blurred,
  type Dataset,
  DatasetError,
  indexRange,
  readSamples,
  noisy,
  ofClasses,
  openDataset,
  subset,
} from '../datasets';
import { datasetImages, evaluate, loadFeatures } from '../evaluation';
import { pixelFeatures } from '../features';
import type { FeatureExtractor, MetricResult } from '../metrics';
import { beginMaking, type Made, madeNow } from '../provenance';
import { unlessAborted } from './unless-aborted';
import type { StudyWatch } from './watch';

/** Real images in two parts, and the feature spaces they are seen in. */
export type MetricStudy = {
  name: string;
  /** The reference. */
  train: Dataset;
  /** What is measured, as it is or distorted. */
  test: Dataset;
  spaces: FeatureExtractor[];
  /** `name` where the data asked for are not here; figures of it stay apart from measured ones. */
  fallback?: string;
  /** Which data and features were found, in a line. */
  note: string;
  dispose: () => Promise<void>;
};

const DRAWN = 12_000; // digits of each part: they are endless

/** Both parts of the data set of a name if it is in the cache, else of the drawn digits; at most `most` images of each. */
const realImages = async (name: string, most: number): Promise<Pick<MetricStudy, 'name' | 'train' | 'test'>> => {
  const open = async (from: string, split: 'train' | 'test'): Promise<Dataset> => {
    const dataset = await openDataset(from, { split });
    const length = Math.min(most, dataset.length === Infinity ? DRAWN : dataset.length);
    return length < dataset.length ? subset(dataset, indexRange(length)) : dataset;
  };
  const both = async (from: string): Promise<Pick<MetricStudy, 'name' | 'train' | 'test'>> => {
    const train = await open(from, 'train');
    try {
      return { name: from, train, test: await open(from, 'test') };
    } catch (error) {
      await train.close?.(); // there may be one part alone
      throw error;
    }
  };
  try {
    return await both(name);
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return both('digits');
  }
};

/**
 * The study's images and features: `data` by name where it has been fetched, else the drawn digits; those of
 * `features` that can be loaded (for the digits their own classifier), and plain pixels. `most` caps the images of both
 * parts, 0: all there are.
 */
export const metricStudy = async ({
  data = 'cifar10',
  features = ['mobilenet'],
  most = 0,
}: { data?: string; features?: readonly string[]; most?: number } = {}): Promise<MetricStudy> => {
  const { name, train, test } = await realImages(data, most > 0 ? most : Infinity);
  const spaces: FeatureExtractor[] = [];
  const missing: string[] = [];
  const dispose = async (): Promise<void> => {
    for (const space of spaces) await space.dispose();
    await train.close?.();
    await test.close?.();
  };
  for (const wanted of name === 'digits' ? ['digits'] : features) {
    try {
      spaces.push(await loadFeatures(wanted));
    } catch (error) {
      if (!(error instanceof ArgumentError)) {
        await dispose();
        throw error;
      }
      missing.push(wanted);
    }
  }
  const channels = train.sampleShape[2] === 1 ? 1 : 3;
  spaces.push(pixelFeatures({ side: 8, channels }));
  const notes = [
    name === data
      ? `data: ${name}`
      : `data: drawn digits, because ${data} is not here ('cosim data fetch ${data}' fetches it)`,
    `features: ${spaces.map(space => space.name).join(', ')}`,
    ...(missing.length > 0 ? [`not there: ${missing.join(', ')} ('cosim features fetch ${missing[0]}')`] : []),
  ];
  return {
    name,
    train,
    test,
    spaces,
    note: notes.join('; '),
    ...(name !== data && { fallback: name }),
    dispose,
  };
};

/** Where finished features stay, and how far it is, in measurements. */
export type StudyOptions = {
  /** Folder. */
  cache: string;
} & StudyWatch;

/** The largest number of images that every size is a multiple of: chunks of it serve all sizes. */
const commonChunk = (sizes: readonly number[]): number => {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return sizes.reduce(divisor);
};

/** One distance of a block of real images. */
export type FloorPoint = { series: string; x: number; seed: number; value: number } & Made;

/**
 * Real against real: the Fréchet distance of n test images from all training images, for every n and in every space, over
 * up to `blocks` disjoint blocks (as many as the test images hold). Aborted, it returns what was measured, marked
 * `interrupted`.
 */
export const floorsAgainstN = async (
  { train, test, spaces }: MetricStudy,
  sizes: readonly number[],
  { blocks = 4, cache, signal, onProgress }: StudyOptions & { blocks?: number },
): Promise<FloorPoint[]> => {
  const made = beginMaking(__filename);
  const points: FloorPoint[] = [];
  const chunk = commonChunk(sizes);
  let done = 0;
  for (const extractor of spaces)
    for (const n of sizes) {
      const images = datasetImages(test, { shuffled: true });
      const count = Math.min(blocks, Math.floor(test.length / n));
      const shared = { extractor, metrics: ['fd'], n, blocks: count, cache, chunk, signal };
      const measured = await unlessAborted(() => evaluate({ images, reference: train, ...shared }), signal);
      if (measured === undefined) return madeNow(points, made(), true);
      const [{ blocks: values, madeBy }] = measured;
      points.push(...values.map((value, seed) => ({ series: extractor.name, x: n, seed, value, madeBy })));
      onProgress?.(++done, spaces.length * sizes.length, `${extractor.name}, n = ${n}`);
    }
  return madeNow(points, made());
};

/** A known way to spoil images, in rising strength. */
export type Distortion = {
  name: string;
  /** Unit of the levels, as an axis title. */
  unit: string;
  levels: readonly number[];
  apply: (dataset: Dataset, level: number) => Dataset | Promise<Dataset>;
};

/** The known ways in which images are distorted, and how strongly. */
export const DISTORTIONS: readonly Distortion[] = [
  { name: 'Gaussian noise', unit: 'deviation of the noise, of 255', levels: [2, 4, 8, 16, 32], apply: noisy },
  { name: 'Gaussian blur', unit: 'deviation of the blur, pixels', levels: [0.4, 0.6, 0.8, 1.2, 1.6], apply: blurred },
  {
    name: 'Fewer classes',
    unit: 'classes left out, of 10',
    levels: [1, 3, 5, 7, 9],
    apply: (dataset, missing) => ofClasses(dataset, indexRange(dataset.classes - missing)),
  },
];

/** The distance of distorted images in units of the floor: 1 is as good as other real images. */
export type DistortionPoint = {
  distortion: string;
  series: string;
  x: number;
  seed: number;
  value: number;
  /** The distance of as many unspoilt test images. */
  floor: number;
  result: MetricResult;
} & Made;

/** Options of `distancesOfDistortions`. */
export type DistortionOptions = StudyOptions & {
  /** Default: DISTORTIONS. */
  distortions?: readonly Distortion[];
  /** Images between two savings: that of the floors finds their features again. */
  chunk?: number;
};

/**
 * Fréchet distance of n distorted test images from all training images, as a multiple of that of undistorted ones.
 * Aborted, it returns what was measured, marked `interrupted`.
 */
export const distancesOfDistortions = async (
  { train, test, spaces }: MetricStudy,
  n: number,
  { distortions = DISTORTIONS, chunk, cache, signal, onProgress }: DistortionOptions,
): Promise<DistortionPoint[]> => {
  const made = beginMaking(__filename);
  const points: DistortionPoint[] = [];
  const total = spaces.length * distortions.reduce((sum, { levels }) => sum + levels.length, 0);
  for (const extractor of spaces) {
    const distanceOf = (dataset: Dataset): Promise<MetricResult | undefined> => {
      const images = datasetImages(dataset, { shuffled: true });
      const shared = { extractor, metrics: ['fd'], n, blocks: 1, cache, chunk, signal };
      return unlessAborted(async () => (await evaluate({ images, reference: train, ...shared }))[0], signal);
    };
    const undistorted = await distanceOf(test);
    if (undistorted === undefined) return madeNow(points, made(), true);
    const floor = undistorted.value;
    for (const { name, levels, apply } of distortions)
      for (const x of levels) {
        const measured = await distanceOf(await apply(test, x));
        if (measured === undefined) return madeNow(points, made(), true);
        const { madeBy, ...result } = measured;
        points.push({
          madeBy,
          distortion: name,
          series: extractor.name,
          x,
          seed: 0,
          value: result.value / floor,
          floor,
          result,
        });
        onProgress?.(points.length, total, `${name} ${x}, ${extractor.name}`);
      }
  }
  return madeNow(points, made());
};

const EXAMPLES = 14; // images a row

/** The first test images, as they are and distorted one by one: one label and one row of images each, in [-1, 1]. */
export const distortedExamples = async (
  { test }: MetricStudy,
  distortions: readonly Distortion[] = DISTORTIONS.slice(0, 2),
): Promise<{ labels: string[]; images: Samples[] }> => {
  const rows = [{ label: 'as they are', dataset: test }];
  for (const { name, levels, apply } of distortions)
    for (const level of levels) rows.push({ label: `${name}, ${level}`, dataset: await apply(test, level) });
  const images: Samples[] = [];
  for (const { dataset } of rows) images.push(await readSamples(dataset, indexRange(EXAMPLES)));
  return { labels: rows.map(({ label }) => label), images };
};
