/* The sampling times of a milestone, searched by the greedy search of Algorithm 1 and measured on seeds of their own. */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { drawnImages, evaluate } from '../evaluation';
import type { MetricResult } from '../metrics';
import { loadModel, sha256OfWeights } from '../models';
import { withEngine } from '../networks';
import type { Made } from '../provenance';
import { edmStart, sampleMultistep, searchTimes, type TimeSearchEntry } from '../samplers';
import type { Judged, MeasuredNetwork, StudyPoint } from './long-study-points';
import { sweep } from './sweep';

/** A search, and what its times are worth. */
export type SearchedPoint = Pick<StudyPoint, 'series' | 'coef' | 'seed' | 'images' | 'steps'> & {
  /** Found, decreasing. */
  times: readonly number[];
  result: MetricResult;
  /** All that was tried, by the distance of `searchN` samples. */
  landscape: readonly TimeSearchEntry[];
} & Made;

/** How times are searched and measured. */
export type SearchOptions = {
  /** Numbers of steps, each searched from EDM's grid of one level more. */
  steps: readonly number[];
  /** Samples of one evaluation of the search. */
  searchN: number;
  /** Samples of one block, when the found times are measured: seeds that the search has not seen. */
  n: number;
  blocks: number;
};

const SEARCH_SEED = 2 ** 24; // far above what is measured

/**
 * Searches the times of each number of steps by their Fréchet distance, then measures them. Searches and features lie in
 * `folder`: what is there is not made again.
 * @throws the signal's reason
 */
export const searchMilestone = async (
  { file, images, madeBy }: MeasuredNetwork,
  { series, coef, seed }: Pick<StudyPoint, 'series' | 'coef' | 'seed'>,
  { train, others, extractor }: Judged,
  { steps, searchN, n, blocks }: SearchOptions,
  folder: string,
  {
    signal,
    onProgress,
  }: { signal?: AbortSignal; onProgress?: (stage: string, done: number, total: number) => void } = {},
): Promise<SearchedPoint[]> => {
  const { denoiser, parameters } = await loadModel(file);
  const weights = await sha256OfWeights(parameters);
  const about = { weights, searchN, n, blocks, features: extractor.sha256, reference: train.provenance };
  try {
    const entries = await withEngine('auto', { denoiser, parameters }, model => {
      const distance = async (
        times: readonly number[],
        measured: { n: number; blocks: number; seed?: number },
      ): Promise<MetricResult> => {
        const name = `${series}, ${times.length} step${times.length === 1 ? '' : 's'}`;
        const [result] = await evaluate({
          images: drawnImages({
            name,
            shape: denoiser.sampleShape,
            classes: denoiser.classes,
            identity: { name, weights, sampler: times.join(', ') }, // as measureMilestones: features are drawn once
            draw: request => sampleMultistep({ ...model, ...request, times, engine: 'eager' }),
          }),
          reference: train,
          real: others,
          extractor,
          metrics: ['fd'],
          ...measured,
          signal,
          cache: join(folder, 'features'),
        });
        return result;
      };
      return sweep({
        code: __filename,
        configs: steps.map(K => ({ ...about, K })),
        folder: join(folder, 'searched'),
        evaluate: async ({ K }, addMadeBy) => {
          const stage = `${series}, seed ${seed}, ${images} images, ${K} steps`;
          const { times, landscape } = await searchTimes({
            start: edmStart(K),
            rounds: 1,
            measure: async candidate => (await distance(candidate, { n: searchN, blocks: 1, seed: SEARCH_SEED })).value,
            onEvaluation: (_, done, atMost) => onProgress?.(`${stage}, search`, done * searchN, atMost * searchN),
            signal,
          });
          const result = await distance(times, { n, blocks });
          addMadeBy(madeBy);
          return { times, landscape, result };
        },
        signal,
      });
    });
    signal?.throwIfAborted();
    return entries.map(({ config, result, madeBy: makers, stale }) => ({
      series,
      ...(coef !== undefined && { coef }),
      seed,
      images,
      steps: config.K,
      ...result,
      madeBy: makers,
      ...(stale && { stale }),
    }));
  } finally {
    tf.dispose(parameters);
  }
};
