import type { Images, Samples } from '../compute/host-arrays';
import { fail } from '../compute/check';
import { type Autoencoder, type Dataset, networkUnits, trainingIndices } from '../datasets';
import type { SamplerInput } from '../samplers';
import { imageBytes, featureImages } from './image-bytes';

/** Numbered images, the same number always the same image: a data set's by place, a network's by seed. */
export type NumberedImages = {
  name: string;
  /** Infinity: endless. */
  length: number;
  /** All that the images depend on besides their numbers. */
  identity: Readonly<Record<string, string | number>>;
  images: (
    numbers: readonly number[],
    options?: { signal?: AbortSignal; onShare?: (share: number) => void }, // share of them that is done, 0 to 1
  ) => Promise<Images>;
};

/** Numbered images whose shape is known before the first is made. */
export type ImageSource = NumberedImages & {
  /** Shape of one image, values in [-1, 1]. */
  shape: readonly [h: number, w: number, c: number];
};

/** The shape of images, or an error that names whose they are. */
const imageShape = (name: string, shape: readonly number[]): ImageSource['shape'] => {
  const [h, w, c] = shape;
  if (shape.length !== 3 || (c !== 1 && c !== 3))
    fail('evaluate', `samples of '${name}'`, 'images of 1 or 3 channels, [height, width, 1 or 3]', shape);
  return [h, w, c];
};

/** The stored place of image `number` of a data set in one fixed random order. */
const shuffledPlace = (dataset: Dataset, number: number): number =>
  trainingIndices(dataset, { seed: 0, step: 0, batch: number + 1, first: number })[0];

const SHUFFLED = { order: 'shuffled by seed 0' };

/**
 * A data set's images, in the order they are stored or in one fixed random order: the first n of that one are a fair part
 * of data that are sorted by class.
 * @throws ArgumentError for a data set whose samples are no images
 */
export const datasetImages = (dataset: Dataset, { shuffled = false }: { shuffled?: boolean } = {}): ImageSource => {
  const { name, length, provenance } = dataset;
  const [h, w, c] = imageShape(name, dataset.sampleShape);
  return {
    name,
    shape: [h, w, c],
    length,
    identity: {
      name,
      ...provenance,
      shape: `${h}x${w}x${c}`,
      ...(shuffled && length !== Infinity && SHUFFLED),
    },
    images: async (numbers, { signal, onShare } = {}) => {
      signal?.throwIfAborted();
      const { x } = await dataset.batch(numbers.map(number => (shuffled ? shuffledPlace(dataset, number) : number)));
      const data = x instanceof Uint8Array ? x : fail('evaluate', `samples of '${name}'`, 'images in bytes', x);
      onShare?.(1);
      return { data, n: numbers.length, h, w, c };
    },
  };
};

/** Images that an autoencoder makes of a data set's latents, in one fixed random order. */
export const decodedImages = (dataset: Dataset, autoencoder: Autoencoder): NumberedImages => {
  const { name, length, sampleShape: shape, provenance } = dataset;
  return {
    name,
    length,
    identity: { ...provenance, name, decoder: autoencoder.name, ...autoencoder.identity, ...SHUFFLED },
    images: async (numbers, { signal, onShare } = {}) => {
      signal?.throwIfAborted();
      const { x } = await dataset.batch(numbers.map(number => shuffledPlace(dataset, number)));
      const images = featureImages(await autoencoder.decode({ data: networkUnits(x), n: numbers.length, shape }));
      onShare?.(1);
      return images;
    },
  };
};

/**
 * Refuses what a diverged network drew: in bytes NaN would be black.
 * @throws ArgumentError naming the seed of the first such sample
 */
export const expectFinite = (
  where: string,
  { data, n }: Pick<Samples, 'data' | 'n'>,
  seeds: readonly number[],
): void => {
  const bad = data.findIndex(v => !Number.isFinite(v));
  if (bad < 0) return;
  const seed = seeds[Math.floor((bad * n) / data.length)];
  fail(where, `the sample of seed ${seed}`, 'made of finite numbers (the network has diverged)', data[bad]);
};

/** Draws samples for these seeds, with these labels where the network is conditional. */
export type DrawSamples = (request: Pick<SamplerInput, 'seeds' | 'labels' | 'signal' | 'onStep'>) => Promise<Samples>;

/**
 * A network's images in the bytes they would be stored in. Image k is drawn from seed k and, where there are classes, as
 * of class k modulo their number: the same seeds serve every network.
 * @throws ArgumentError for samples that are no images; `images` also when one is not made of finite numbers
 */
export const drawnImages = (network: {
  name: string;
  shape: readonly number[];
  classes: number;
  identity: ImageSource['identity'];
  draw: DrawSamples;
}): ImageSource => {
  const { name, classes, identity, draw } = network;
  const [h, w, c] = imageShape(name, network.shape);
  return {
    name,
    shape: [h, w, c],
    length: Infinity,
    identity: { ...identity, ...(classes > 0 && { labels: `seed modulo ${classes}` }) },
    images: async (seeds, { signal, onShare } = {}) => {
      const { data, n } = await draw({
        seeds,
        ...(classes > 0 && { labels: seeds.map(seed => seed % classes) }),
        signal,
        onStep: ({ step, steps, done, total, x }) => onShare?.((done + (step / steps) * x.shape[0]) / total),
      });
      expectFinite('evaluate', { data, n }, seeds);
      onShare?.(1);
      return imageBytes({ data, n, shape: [h, w, c] });
    },
  };
};
