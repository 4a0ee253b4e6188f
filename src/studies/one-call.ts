/*
 * How good one evaluation of a network is at each noise level when it starts from real images: the most that a later
 * step of Algorithm 1 can make of what it is given.
 */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type Samples, shapeSize } from '../compute/host-arrays';
import { normal } from '../compute/noise';
import { type Dataset, networkUnits } from '../datasets';
import { drawnImages, evaluate } from '../evaluation';
import type { MetricResult } from '../metrics';
import { loadModel, sha256OfWeights } from '../models';
import { type Model, settled, withEngine } from '../networks';
import type { Made } from '../provenance';
import type { Judged, MeasuredNetwork, StudyPoint } from './long-study-points';
import { sweep } from './sweep';

/**
 * Noise levels from 0.35 to T = 80, each about twice the one before.
 * @public
 */
export const ONE_CALL_TIMES: readonly number[] = [0.35, 0.7, 1.4, 2.8, 5.6, 11, 22, 45, 80];

/** The distance of one evaluation of a network at one noise level. */
export type OneCallPoint = Pick<StudyPoint, 'series' | 'coef' | 'seed' | 'images'> & {
  /** Noise level. */
  t: number;
  result: MetricResult;
} & Made;

const BATCH = 64;

/** G(x_0 + t eps, t) of real images by their numbers, eps of the same number; classes are the images' own. */
const denoised = async (
  { denoiser, parameters }: Model,
  dataset: Dataset,
  t: number,
  numbers: readonly number[],
  signal?: AbortSignal,
): Promise<Samples> => {
  const { sampleShape: shape, classes } = denoiser;
  const pixels = shapeSize(shape);
  const data = new Float32Array(numbers.length * pixels);
  for (let first = 0; first < numbers.length; first += BATCH) {
    signal?.throwIfAborted();
    const part = numbers.slice(first, first + BATCH);
    const { x, labels } = await dataset.batch(part);
    const noisy = networkUnits(x);
    part.forEach((seed, i) =>
      normal({ seed, stream: 'one call' }, pixels).forEach((eps, j) => (noisy[i * pixels + j] += t * eps)),
    );
    const output = await settled(() => {
      const onehot = classes > 0 ? { labels: tf.oneHot(tf.tensor1d(labels, 'int32'), classes).toFloat() } : {};
      const input = tf.tensor(noisy, [part.length, ...shape]);
      return denoiser.denoise(parameters, input, tf.fill([part.length], t), onehot);
    });
    data.set(await output.data(), first * pixels);
    output.dispose();
    await new Promise(resolve => setImmediate(resolve)); // a notebook's event loop stays alive
  }
  return { data, n: numbers.length, shape };
};

/**
 * Fréchet distance of one evaluation at each noise level, from the first `n` of the images that were not trained on. At a
 * level near 0 it is about the floor; a generator that has learnt every level stays there up to T, a teacher's denoised
 * images grow blurred.
 * @throws the signal's reason
 */
export const measureOneCall = async (
  { file, images, madeBy }: MeasuredNetwork,
  { series, coef, seed }: Pick<StudyPoint, 'series' | 'coef' | 'seed'>,
  { train, others, extractor }: Judged,
  { times = ONE_CALL_TIMES, n }: { times?: readonly number[]; n: number },
  folder: string,
  {
    signal,
    onProgress,
  }: { signal?: AbortSignal; onProgress?: (stage: string, done: number, total: number) => void } = {},
): Promise<OneCallPoint[]> => {
  const { denoiser, parameters } = await loadModel(file);
  const weights = await sha256OfWeights(parameters);
  const about = { weights, n, features: extractor.sha256, reference: train.provenance, from: others.provenance };
  const name = `${series}, one call`;
  let done = 0;
  try {
    const entries = await withEngine('auto', { denoiser, parameters }, model =>
      sweep({
        code: __filename,
        configs: times.map(t => ({ ...about, t })),
        folder: join(folder, 'one-call'),
        evaluate: async ({ t }, addMadeBy) => {
          const [result] = await evaluate({
            images: drawnImages({
              name,
              shape: denoiser.sampleShape,
              classes: 0, // the images' own
              identity: { name, weights, t, from: JSON.stringify(others.provenance) },
              draw: ({ seeds, signal: stop }) => denoised(model, others, t, seeds, stop),
            }),
            reference: train,
            real: others,
            extractor,
            metrics: ['fd'],
            n,
            blocks: 1,
            signal,
            cache: join(folder, 'features'),
          });
          addMadeBy(madeBy);
          return result;
        },
        onEntry: () => onProgress?.(`${series}, seed ${seed}, ${images} images, one call`, ++done, times.length),
        signal,
      }),
    );
    signal?.throwIfAborted();
    return entries.map(({ config, result, madeBy: makers, stale }) => ({
      series,
      ...(coef !== undefined && { coef }),
      seed,
      images,
      t: config.t,
      result,
      madeBy: makers,
      ...(stale && { stale }),
    }));
  } finally {
    tf.dispose(parameters);
  }
};
