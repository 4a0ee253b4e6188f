import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { getBackend } from '@tensorflow/tfjs-core';
import { canonicalJson, CheckpointError, makeFolder, setAside } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import {
  type DrawSamples,
  drawnImages,
  evaluate,
  type EvaluateOptions,
  type EvaluationProgress,
  featureFolder,
  loadResults,
  planEvaluation,
  type PlannedResult,
  plannedResults,
  type ResultFile,
  saveResults,
} from '../evaluation';
import type { MetricResult } from '../metrics';
import { sha256OfWeights } from '../models';
import type { Denoiser } from '../networks';
import type { Run } from '../training';
import { imagesName } from './distill-sheets';

/** Folder in a run's, of what is measured on the way. */
export const METRICS = 'metrics';

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

/** What is measured, as result files name it; the backend is told, but other ones measure the same. */
const measuredOf = (images: ResultFile['images']): string => canonicalJson({ ...images, backend: '' });

/** What results have to agree in with those that are asked for. The features' name is only a name. */
const askedOf = (results: readonly PlannedResult[]): string => {
  const asked = results.map(({ metric, n, nReference, features, reference, seeds, floorOf }) => [
    ...[metric, n, nReference, reference, seeds, floorOf],
    { ...features, name: '' },
  ]);
  return canonicalJson(JSON.parse(JSON.stringify(asked))); // as a file keeps it
};

/** Results that are there, of these very images, and measured so; others are set aside with a warning. */
const keptResults = async (
  file: string,
  images: ResultFile['images'],
  planned: readonly PlannedResult[],
): Promise<ResultFile | undefined> => {
  try {
    const kept = await loadResults(file);
    const same = measuredOf(kept.images) === measuredOf(images);
    if (same && askedOf(kept.results) === askedOf(planned)) return kept;
    await setAside(file, same ? 'it was measured otherwise' : 'it holds the results of another generator');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof ArgumentError || error instanceof CheckpointError)) throw error;
    await setAside(file, `it cannot be read (${error.message})`);
  }
  return undefined;
};

/**
 * Measures a run's average in 1, 2, ... steps: `dir/IMAGES-K-steps.json`, which `cosim eval compare` reads. The reference's
 * features stay in `dir/features` for the next time, those of the measured images go when their results are written.
 * @returns the measurements; those whose file is there, whole, of this generator and by the same options, are read from it
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
  await makeFolder(dir);
  const cache = join(dir, 'features');
  const { sampleShape: shape, classes } = run.method.denoisers.phi!;
  const measured: RunMeasurement[] = [];
  const weights = await sha256OfWeights(run.parameters('ema'));
  for (const K of steps) {
    const file = join(dir, `${imagesName(run.images)}-${K}-steps.json`);
    const identity = { weights, sampler: run.method.sampler, times: run.times[K].join(), backend: getBackend() };
    const name = `generator, ${K} steps`;
    const about = { name, 'trained on': run.images, ...identity };
    const draw: DrawSamples = request => run.sample({ ...request, steps: K, batch });
    const images = drawnImages({ name, shape, classes, identity, draw });
    const planned = plannedResults(planEvaluation({ ...evaluateOptions(options), images }), options);
    if ((await keptResults(file, about, planned)) === undefined) {
      const results = await evaluate({
        ...evaluateOptions(options),
        images,
        cache,
        signal,
        onProgress: progress => onProgress?.(K, progress),
      });
      await saveResults(file, { images: about, results });
      await rm(featureFolder(cache, images, extractor), { recursive: true, force: true });
    }
    measured.push({ images: run.images, steps: K, file, results: (await loadResults(file)).results });
  }
  return measured;
};
