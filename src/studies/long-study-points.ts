/* What the milestones of a long study are worth: images of each in several numbers of steps, against real ones. */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Samples } from '../compute/host-arrays';
import type { Dataset } from '../datasets';
import { SAMPLING_TIMES, type SamplingTimes } from '../diffusion';
import { drawnImages, evaluate } from '../evaluation';
import type { FeatureExtractor, MetricResult } from '../metrics';
import { loadModel, type SampledModel, sha256OfWeights } from '../models';
import type { Made } from '../provenance';
import { edmStart, FEW_STEP_SAMPLERS, sampleHeun, type SamplerInput } from '../samplers';
import type { Milestone } from './milestones';
import { sweep } from './sweep';

/** What is measured of a network. */
export type Measuring = {
  /** Network evaluations a sample: steps of Algorithm 1, or of a teacher 2 levels - 1 of EDM's Heun sampler. */
  steps: readonly number[];
  /** Names of SET_METRICS. */
  metrics: readonly string[];
  /** Samples of one block of seeds, the same ones for all networks. */
  n: number;
  /** Blocks of seeds. */
  blocks: number;
};

/** A milestone in so many steps. */
export type StudyPoint = {
  /** 'teacher', or what the arm is called in figures. */
  series: string;
  /** alpha (1 + lambda), of CoSIM. */
  coef?: number;
  /** Training seed. */
  seed: number;
  /** Training images. */
  images: number;
  /** Network evaluations a sample. */
  steps: number;
  /** Of training, see `Milestone`. */
  trainingSeconds: number;
  results: readonly MetricResult[];
} & Made;

/** A network that is measured: a milestone, or a shipped teacher. */
export type MeasuredNetwork = Pick<Milestone, 'file' | 'images' | 'seconds' | 'madeBy'>;

/** Real images, and the network that looks at them. */
export type Judged = {
  /** Not mirrored. */
  train: Dataset;
  /** For the floor. */
  others: Dataset;
  extractor: FeatureExtractor;
};

/** A generator's own times, else the published stand-in, else EDM's grid. */
const timesOf = (own: SamplingTimes | undefined, steps: number): readonly number[] =>
  own?.[steps] ?? SAMPLING_TIMES[steps] ?? edmStart(steps);

/** How a network of a study is sampled. */
export type StudySampler = {
  draw: (request: Omit<SamplerInput, 'denoiser' | 'parameters'>) => Promise<Samples>;
  /** The sampler and its times, for people and caches. */
  name: string;
};

/** How a network is sampled in so many evaluations: as its method has it, at its own times where it has any. */
export const studySampler = ({ sampler, denoiser, parameters, times }: SampledModel, nfe: number): StudySampler => {
  const model = { denoiser, parameters };
  const draw: StudySampler['draw'] = request => {
    if (sampler === 'heun') return sampleHeun({ ...model, ...request, steps: (nfe + 1) / 2 });
    return FEW_STEP_SAMPLERS[sampler]({ ...model, ...request, times: timesOf(times, nfe) });
  };
  if (sampler === 'heun') return { draw, name: 'EDM Heun' };
  const levels = timesOf(times, nfe).join(', ');
  return { draw, name: sampler === 'multistep' ? levels : `${sampler}, ${levels}` };
};

/**
 * Measures each network in each number of steps, from the same seeds. Results lie in `folder/points`, features in
 * `folder/features`: a measurement that is there is not made again.
 * @param watch `onProgress` is told the images of the measurement at hand
 * @throws the signal's reason
 */
export const measureMilestones = async (
  milestones: readonly MeasuredNetwork[],
  { series, coef, seed }: Pick<StudyPoint, 'series' | 'coef' | 'seed'>,
  { train, others, extractor }: Judged,
  { steps, metrics, n, blocks }: Measuring,
  folder: string,
  {
    signal,
    onProgress,
  }: { signal?: AbortSignal; onProgress?: (stage: string, done: number, total: number) => void } = {},
): Promise<StudyPoint[]> => {
  const points: StudyPoint[] = [];
  for (const { file, images, seconds, madeBy } of milestones) {
    const model = await loadModel(file);
    const { denoiser, parameters } = model;
    const weights = await sha256OfWeights(parameters);
    const measure = async ({ nfe }: { nfe: number }): Promise<readonly MetricResult[]> => {
      const name = `${series}, ${nfe} step${nfe === 1 ? '' : 's'}`;
      const { draw, name: sampler } = studySampler(model, nfe);
      return evaluate({
        images: drawnImages({
          name,
          shape: denoiser.sampleShape,
          classes: denoiser.classes,
          identity: { name, weights, sampler },
          draw,
        }),
        reference: train,
        real: others,
        extractor,
        metrics: [...metrics],
        n,
        blocks,
        signal,
        cache: join(folder, 'features'),
        onProgress: ({ stage, done, total }) =>
          onProgress?.(`${series}, seed ${seed}, ${images} images, NFE ${nfe}, ${stage}`, done, total),
      });
    };
    try {
      const about = { weights, metrics, n, blocks, features: extractor.sha256, reference: train.provenance };
      const entries = await sweep({
        code: __filename,
        configs: steps.map(nfe => ({ ...about, nfe, sampler: studySampler(model, nfe).name })),
        folder: join(folder, 'points'),
        evaluate: async (config, addMadeBy) => {
          const results = await measure(config);
          addMadeBy(madeBy);
          return results;
        },
        signal,
      });
      signal?.throwIfAborted();
      for (const { config, result, madeBy: makers, stale } of entries)
        points.push({
          series,
          ...(coef !== undefined && { coef }),
          seed,
          images,
          steps: config.nfe,
          trainingSeconds: seconds,
          results: result,
          madeBy: makers,
          ...(stale && { stale }),
        });
    } finally {
      tf.dispose(parameters);
    }
  }
  return points;
};
