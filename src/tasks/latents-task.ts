import { basename } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { fail, withDefaults } from '../compute/check';
import {
  type Autoencoder,
  type Dataset,
  latents as openLatents,
  type OnnxAutoencoderOptions,
  openDataset,
} from '../datasets';
import { SAMPLING_TIMES } from '../diffusion';
import { datasetImages, decodedImages, featureImages, loadFeatures, type RealStatisticsOptions } from '../evaluation';
import type { FeatureExtractor } from '../metrics';
import { latentDigits, loadAutoencoder, loadTeacher, sha256OfWeights } from '../models';
import { type Model, parameterCount } from '../networks';
import { generatorOf } from '../runs';
import { imageMetric } from './image-metric';
import { withResources } from './resource-scope';
import type { Task } from './task';

/** Options of `latentsTasks`. */
export type LatentsTasksOptions = {
  /** By size: shipped models' names, or files (EDM2's snapshots). */
  teachers?: readonly string[];
  /** Of generator and auxiliary, for each teacher; []: none. */
  dropout?: readonly number[];
  /** '': drawn digits; else a zip file of EDM2's latents. */
  data?: string;
  /** Real images to compare with, a data set; '': the data's, decoded. */
  real?: string;
  /** 'digits', or the path of a decoder as ONNX. */
  autoencoder?: string;
  /** Layout and range of an autoencoder that is a file. */
  autoencoderOptions?: OnnxAutoencoderOptions;
  /** Networks that measure, as `loadFeatures` takes them: the first gives the tasks' value. */
  features?: readonly string[];
  /** Real samples that drawn ones are compared with. */
  reference?: number;
  /** Samples drawn and decoded at a time. */
  chunk?: number;
};

const where = 'latentsTasks';

const DEFAULTS: Required<LatentsTasksOptions> = {
  teachers: ['latents-s', 'latents-m', 'latents-l'],
  dropout: [],
  data: '',
  real: '',
  autoencoder: 'digits',
  autoencoderOptions: {},
  features: ['digits'],
  reference: 4000,
  chunk: 500,
};

/** A task on latents, and the sizes of its networks. */
export type LatentsTask = Task & {
  /** The network's size. */
  size: string;
  /** How many it has, in all. */
  parameters: number;
};

/** Tasks that share data, autoencoder and metric. */
export type LatentsTasks = {
  /** One a teacher, by rising size. */
  tasks: readonly LatentsTask[];
  autoencoder: Autoencoder;
  dispose: () => Promise<void>;
};

/** 'L' of 'latents-l' and of 'edm2-img512-l-1879048-0.155.pkl'; of other files their name. */
const sizeName = (teacher: string): string =>
  /-(xs|s|m|l|xl|xxl)(?=$|[-_.])/i.exec(basename(teacher))?.[1].toUpperCase() ?? basename(teacher);

/** Training data, and real latents that training does not see where the data allow it. */
const openData = async (path: string): Promise<{ dataset: Dataset; real: Dataset }> => {
  if (path === '') return { dataset: latentDigits({ split: 'train' }), real: latentDigits({ seed: 1, split: 'test' }) };
  const dataset = await openLatents(path);
  return { dataset, real: dataset };
};

const expectShape = (name: string, { denoiser }: Model, { sampleShape }: Dataset): void => {
  const wanted = `of shape [${sampleShape.join(', ')}]`;
  if (denoiser.sampleShape.join() !== sampleShape.join())
    fail(where, `samples of teacher '${name}'`, wanted, denoiser.sampleShape);
};

/**
 * Tables 2 and 4's setting: a task for each size of EDM2 network, on latents that an autoencoder decodes. By default three
 * shipped networks on latents of drawn digits; `{ teachers: [...], data: 'img512-sd.zip', real: 'img512.zip', autoencoder:
 * 'decoder.onnx', features: ['dinov2', 'inception'] }` is the paper's. Value: see `imageMetric`. Dispose of the whole after
 * use.
 * @throws ArgumentError for unknown options and names, and for a teacher of samples of another shape than the data's
 */
export const latentsTasks = (
  options: LatentsTasksOptions = {},
  progress: Omit<RealStatisticsOptions, 'chunk'> = {},
): Promise<LatentsTasks> =>
  withResources(async ({ onClose, close }) => {
    const chosen = withDefaults(where, options, DEFAULTS);
    const { teachers, dropout: dropouts, features, reference, chunk } = chosen;
    if (features.length === 0) fail(where, 'features', 'at least one network', features);
    if (dropouts.length > 0 && dropouts.length !== teachers.length)
      fail(where, 'dropout', `a rate for each of the ${teachers.length} teachers`, dropouts);
    const { dataset, real } = await openData(chosen.data);
    onClose(() => dataset.close?.());
    onClose(() => real.close?.());
    const autoencoder = await loadAutoencoder(chosen.autoencoder, chosen.autoencoderOptions);
    onClose(() => autoencoder.close());
    const extractors: FeatureExtractor[] = [];
    for (const name of features) {
      const extractor = await loadFeatures(name);
      onClose(() => extractor.dispose());
      extractors.push(extractor);
    }
    const pictures = chosen.real === '' ? undefined : await openDataset(chosen.real);
    onClose(() => pictures?.close?.());
    const images = pictures ? datasetImages(pictures, { shuffled: true }) : decodedImages(real, autoencoder);
    const measuring = await imageMetric(
      {
        real: { reference: images, nReference: reference, others: images, firstOther: reference },
        extractors,
        classes: dataset.classes,
        images: async latents => featureImages(await autoencoder.decode(latents)),
      },
      { chunk, ...progress },
    );
    const tasks: LatentsTask[] = [];
    for (const [k, name] of teachers.entries()) {
      const teacher = await loadTeacher(name);
      onClose(() => tf.dispose(teacher.parameters));
      expectShape(name, teacher, dataset);
      const { [k]: dropout = 0 } = dropouts;
      const weights = await sha256OfWeights(teacher.parameters);
      tasks.push({
        name: 'latents',
        size: sizeName(name),
        parameters: parameterCount(teacher.denoiser.parameters),
        identity: {
          task: 'latents',
          teacher: weights,
          dropout,
          data: JSON.stringify(dataset.provenance),
          ...measuring.identity,
          ...autoencoder.identity,
        },
        recipe: { kind: 'latents', options: chosen, size: k },
        teacher,
        dataset,
        times: SAMPLING_TIMES,
        start: { denoiser: generatorOf({ teacher, dataset, dropout }), parameters: teacher.parameters },
        metric: measuring.metric,
        alsoMetrics: measuring.alsoMetrics,
        measure: measuring.measure,
        dispose: () => tf.dispose(teacher.parameters),
      });
    }
    return { tasks, autoencoder, dispose: close };
  });
