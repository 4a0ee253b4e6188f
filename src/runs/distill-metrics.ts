import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { getBackend } from '@tensorflow/tfjs-core';
import {
  drawnImages,
  evaluate,
  type EvaluateOptions,
  type EvaluationProgress,
  featureFolder,
  loadResults,
  planEvaluation,
  saveResults,
} from '../evaluation';
import { provenance } from '../figures';
import type { MetricResult } from '../metrics';
import { sha256OfWeights } from '../models';
import type { Denoiser } from '../networks';
import type { Run } from '../training';
import { imagesName } from './distill-sheets';

/** What is measured of a run on the way. */
export type MeasureOptions = Pick<
  EvaluateOptions,
  'reference' | 'nReference' | 'real' | 'extractor' | 'metrics' | 'n' | 'blocks'
> & {
  /** Numbers of steps that are measured. */
  steps: readonly number[];
  /** Samples computed at a time: memory, never results. */
  batch: number;
};

const evaluateOptions = ({
  reference,
  nReference,
  real,
  extractor,
  metrics,
  n,
  blocks,
}: MeasureOptions): Omit<EvaluateOptions, 'images'> => ({ reference, nReference, real, extractor, metrics, n, blocks });

/** Refuses, before any work, what `measureRun` would refuse. @throws ArgumentError as `evaluate` does */
export const checkMeasuring = ({ sampleShape: shape, classes }: Denoiser, options: MeasureOptions): void => {
  const draw = (): Promise<never> => Promise.reject(new Error('nothing is drawn'));
  const images = drawnImages({ name: 'generator', shape, classes, identity: {}, draw });
  planEvaluation({ ...evaluateOptions(options), images });
};

/** The results of a generator in so many steps after so many images. */
export type RunMeasurement = { images: number; steps: number; file: string; results: readonly MetricResult[] };

/**
 * Measures a run's average in 1, 2, ... steps: `dir/IMAGES-K-steps.json`, which `cosim eval compare` reads. The reference's
 * features stay in `dir/features` for the next time, those of the judged images go when their results are written.
 * @returns the measurements; those whose file is there are read from it
 * @throws the signal's reason when stopped: the same call goes on
 */
export const measureRun = async (
  run: Run,
  dir: string,
  options: MeasureOptions,
  {
    signal,
    onProgress,
  }: { signal?: AbortSignal; onProgress?: (steps: number, progress: EvaluationProgress) => void } = {},
): Promise<RunMeasurement[]> => {
  const { steps, batch, extractor } = options;
  await mkdir(dir, { recursive: true });
  const cache = join(dir, 'features');
  const { sampleShape: shape, classes } = run.method.denoisers.phi!;
  const measured: RunMeasurement[] = [];
  let weights: string | undefined;
  for (const K of steps) {
    const file = join(dir, `${imagesName(run.images)}-${K}-steps.json`);
    if (!existsSync(file)) {
      weights ??= await sha256OfWeights(run.parameters('ema'));
      const images = drawnImages({
        name: `generator, ${K} steps`,
        shape,
        classes,
        identity: { weights, sampler: run.method.sampler, times: run.times[K].join(), backend: getBackend() },
        draw: request => run.sample({ ...request, steps: K, batch }),
      });
      const results = await evaluate({
        ...evaluateOptions(options),
        images,
        cache,
        signal,
        onProgress: progress => onProgress?.(K, progress),
      });
      const made = provenance({ preset: 'distill', seeds: results[0].seeds.map(({ first }) => first) });
      await saveResults(file, {
        images: { name: images.name, 'trained on': run.images, ...images.identity },
        results,
        provenance: made,
      });
      await rm(featureFolder(cache, images, extractor), { recursive: true, force: true });
    }
    measured.push({ images: run.images, steps: K, file, results: (await loadResults(file)).results });
  }
  return measured;
};
