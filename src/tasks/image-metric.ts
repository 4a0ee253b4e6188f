/* What images are worth: compared with real ones in the features of networks. */
import type { Images, Samples } from '../compute/host-arrays';
import {
  checkRealImages,
  expectFinite,
  imageBytes,
  othersOfBlock,
  type RealImages,
  realStatistics,
  type RealStatisticsOptions,
} from '../evaluation';
import { KNOWN_FEATURES } from '../features';
import {
  accumulateStatistics,
  classification,
  type FeatureExtractor,
  type FeatureStatistics,
  frechetDistance,
} from '../metrics';
import type { MadeBy } from '../provenance';
import { type BlockOptions, blockSeeds, type Draw, floorCache, type Task, type TaskResult } from './task';

/** Input of `imageMetric`. */
export type ImageMetricInput = {
  real: RealImages;
  /** Stay the caller's; the first one's distance is the value. */
  extractors: readonly FeatureExtractor[];
  /** Of the labels that are drawn with, 0: none. */
  classes: number;
  /** Of what is drawn; default: samples are images. */
  images?: (samples: Samples) => Images | Promise<Images>;
};

/** Measures images as a task does. */
export type ImageMetric = Pick<Task, 'metric' | 'alsoMetrics' | 'measure'> & {
  /** What results depend on, for the keys of caches. */
  identity: Record<string, string | number>;
};

const where = 'imageMetric';

const titleOf = ({ name }: Pick<FeatureExtractor, 'name'>): string => `Fréchet distance (${name})`;

/** Axis titles of the paper's two metrics. */
export const INCEPTION = titleOf(KNOWN_FEATURES.inception.declaration);
/** The name of the DINOv2 distance in results. */
export const DINO = titleOf(KNOWN_FEATURES.dinov2.declaration);

/** Statistics of what is drawn, `chunk` at a time and once for all networks, and how often the first agrees with labels. */
const statisticsOfDrawn = async (
  draw: Draw,
  { n, block, signal }: BlockOptions,
  { extractors, classes, images: imagesOf = imageBytes, chunk }: Omit<ImageMetricInput, 'real'> & { chunk: number },
): Promise<{ statistics: FeatureStatistics[]; accuracy?: number }> => {
  const seeds = blockSeeds(n, block);
  const labels = seeds.map((_, i) => (classes > 0 ? i % classes : 0)); // as many of each class
  const classifies = classes > 0 && extractors[0].classes === classes;
  const sets = extractors.map(({ d }) => accumulateStatistics(d, { signal }));
  let right = 0;
  for (let first = 0; first < n; first += chunk) {
    signal?.throwIfAborted();
    const own = { seeds: seeds.slice(first, first + chunk), labels: labels.slice(first, first + chunk) };
    const samples = await draw({ seeds: own.seeds, ...(classes > 0 && { labels: own.labels }), signal });
    expectFinite(where, samples, own.seeds);
    const images = await imagesOf(samples);
    for (const [k, extractor] of extractors.entries()) {
      const { features, logits } = await extractor.extract(images, { signal });
      await sets[k].add(features);
      if (k === 0 && classifies) right += images.n * classification(logits!, own.labels).accuracy;
    }
  }
  const statistics: FeatureStatistics[] = [];
  for (const set of sets) statistics.push(await set.result());
  return { statistics, ...(classifies && { accuracy: right / n }) };
};

/**
 * Measures images by Fréchet distance, in the features of one network or several, against the real reference; drawn images are
 * looked at in bytes, as they would be stored. The floor is the value of as many other real images, or of all there are.
 * Where the first network is a classifier of the classes drawn, also the share of samples that it gives their own label.
 * @throws ArgumentError for a reference that is too large, or leaves no images for the floor; measuring, for samples that
 * are not finite
 */
export const imageMetric = async (
  { real, extractors, classes, images }: ImageMetricInput,
  { chunk = 500, cache, signal: stop, onImages }: Partial<RealStatisticsOptions> = {},
): Promise<ImageMetric> => {
  checkRealImages(where, real);
  const { reference, nReference, others, firstOther } = real;
  const makers: MadeBy[] = [];
  const statisticsOf = async (...asked: Parameters<typeof realStatistics>): Promise<FeatureStatistics> => {
    const { madeBy, ...statistics } = await realStatistics(...asked);
    makers.push(...madeBy);
    return statistics;
  };
  const known: FeatureStatistics[] = [];
  for (const extractor of extractors)
    known.push(
      await statisticsOf({ source: reference, first: 0, n: nReference }, extractor, {
        chunk,
        cache,
        signal: stop,
        onImages,
      }),
    );
  const floors = extractors.map((extractor, k) =>
    floorCache(async (n, block, signal) => {
      const statistics = await statisticsOf(othersOfBlock(real, n, block), extractor, { chunk, cache, signal });
      return (await frechetDistance(statistics, known[k])).value;
    }),
  );
  const measured = async (drawn: FeatureStatistics, k: number, { n, block, signal }: BlockOptions) => ({
    value: (await frechetDistance(drawn, known[k])).value,
    floor: await floors[k](n, block, signal),
  });
  const [metric, ...alsoMetrics] = extractors.map(titleOf);
  return {
    metric,
    ...(alsoMetrics.length > 0 && { alsoMetrics }),
    identity: {
      real: JSON.stringify(reference.identity),
      reference: nReference,
      others: JSON.stringify(others.identity),
      firstOther,
      features: extractors.map(({ name, sha256 }) => `${name} ${sha256.slice(0, 16)}`).join(', '),
    },
    measure: async (draw, options): Promise<TaskResult> => {
      const { n, block } = options;
      const { statistics, accuracy } = await statisticsOfDrawn(draw, options, { extractors, classes, images, chunk });
      const own = await measured(statistics[0], 0, options);
      const also: [string, typeof own][] = [];
      for (const [k, title] of alsoMetrics.entries())
        also.push([title, await measured(statistics[k + 1], k + 1, options)]);
      const { n: nFloor } = othersOfBlock(real, n, block);
      return {
        ...own,
        n,
        nReference,
        ...(nFloor < n && { nFloor }),
        ...(also.length > 0 && { also: Object.fromEntries(also) }),
        ...(accuracy !== undefined && { accuracy }),
        madeBy: [...makers],
      };
    },
  };
};
