/* What latents are worth: decoded, and compared with real ones in the features of a network. */
import { expectInteger, fail, withDefaults } from '../compute/check';
import { type Autoencoder, type Dataset, type HostSamples, indexRange, networkUnits } from '../datasets';
import {
  accumulateStatistics,
  classification,
  type FeatureExtractor,
  type FeatureStatistics,
  frechetDistance,
} from '../metrics';
import { judgedImages } from './judged-images';
import { blockSeeds, type Draw, floorCache, type TaskResult } from './task';

export type LatentsJudgeOptions = {
  reference?: number; // real samples that drawn ones are compared with, default 4000
  chunk?: number; // samples drawn and decoded at a time: memory, never results; default 500
};

/** Measures latents by the images they decode to. */
export type LatentsJudge = {
  metric: string; // axis title
  identity: Record<string, string | number>;
  measure: (draw: Draw, options: { n: number; block: number }) => Promise<TaskResult>;
};

type Judged = { statistics: FeatureStatistics; accuracy?: number };

/**
 * A judge by Fréchet distance in the features of `extractor` against real images that went through the autoencoder too:
 * the first `reference` latents of `real`, decoded. The floor is the value of other such latents, the next ones by block.
 * Where the extractor is a classifier of the data's classes, also the share of samples that it gives their own label.
 * The autoencoder and the extractor stay the caller's.
 * @throws ArgumentError where `real` has fewer samples than the reference, or a block's floor, needs
 */
export const latentsJudge = async (
  { real, autoencoder, extractor }: { real: Dataset; autoencoder: Autoencoder; extractor: FeatureExtractor },
  options: LatentsJudgeOptions = {},
): Promise<LatentsJudge> => {
  const where = 'latentsJudge';
  const { reference, chunk } = withDefaults(where, options, { reference: 4000, chunk: 500 });
  expectInteger(where, 'reference', reference, { min: 2 });
  expectInteger(where, 'chunk', chunk, { min: 1 });
  const classifies = real.classes > 0 && extractor.classes === real.classes;

  /** Judges n samples, `chunk` at a time. */
  const judge = async (
    n: number,
    make: (first: number, count: number) => Promise<{ latents: HostSamples; labels: ArrayLike<number> }>,
  ): Promise<Judged> => {
    const statistics = accumulateStatistics(extractor.d);
    let right = 0;
    for (let first = 0; first < n; first += chunk) {
      const count = Math.min(chunk, n - first);
      const { latents, labels } = await make(first, count);
      const { features, logits } = await extractor.extract(judgedImages(await autoencoder.decode(latents)));
      await statistics.add(features);
      if (classifies) right += count * classification(logits!, labels).accuracy;
    }
    return { statistics: await statistics.result(), ...(classifies ? { accuracy: right / n } : {}) };
  };

  const judgeReal = async (start: number, n: number): Promise<FeatureStatistics> => {
    if (start + n > real.length) fail(where, `samples of '${real.name}'`, `at least ${start + n}`, real.length);
    const { statistics } = await judge(n, async (first, count) => {
      const { x, labels } = await real.batch(indexRange(count, start + first));
      return { latents: { data: networkUnits(x), n: count, shape: real.sampleShape }, labels };
    });
    return statistics;
  };

  const known = await judgeReal(0, reference);
  const floorOf = floorCache(
    async (n, block) => (await frechetDistance(await judgeReal(reference + block * n, n), known)).value,
  );
  return {
    metric: `Fréchet distance (${extractor.name})`,
    identity: { ...autoencoder.identity, data: real.name, features: extractor.name, reference },
    measure: async (draw, { n, block }) => {
      const seeds = blockSeeds(n, block);
      const labels = seeds.map((_, i) => (real.classes > 0 ? i % real.classes : 0)); // as many of each class
      const { statistics, accuracy } = await judge(n, async (first, count) => {
        const own = labels.slice(first, first + count);
        const request = { seeds: seeds.slice(first, first + count), ...(real.classes > 0 ? { labels: own } : {}) };
        return { latents: await draw(request), labels: own };
      });
      const { value } = await frechetDistance(statistics, known);
      const floor = await floorOf(n, block);
      return { value, n, nReference: reference, floor, ...(accuracy === undefined ? {} : { accuracy }) };
    },
  };
};
