import * as tf from '@tensorflow/tfjs-core';
import { expectNumber, fail, withDefaults } from '../compute/check';
import { type Dataset, openDataset, openOtherSplit } from '../datasets';
import { SAMPLING_TIMES } from '../diffusion';
import { datasetImages, loadFeatures, type RealImages, type RealStatisticsOptions } from '../evaluation';
import type { FeatureExtractor } from '../metrics';
import { loadTeacher, sha256OfWeights } from '../models';
import { checkDistillation, generatorOf } from '../runs';
import { edmStart } from '../samplers';
import { imageMetric } from './image-metric';
import { withResources } from './resource-scope';
import type { Task } from './task';

/** Options of `imageTask`. */
export type ImageTaskOptions = {
  /** A shipped model's name, or a file: EDM's snapshots, ... */
  teacher?: string;
  /** To train on and to compare with: what `openDataset` opens. */
  data?: string;
  /** Real images for the floor; '': the data's other split, else those that the reference leaves out. */
  others?: string;
  /** Networks that measure, as `loadFeatures` takes them: the first gives the task's value. */
  features?: readonly string[];
  /** Real images that drawn ones are compared with. */
  reference?: number;
  /** Of the generator and the auxiliary. */
  dropout?: number;
  /** Images drawn and looked at at a time: memory, never results. */
  chunk?: number;
};

const DEFAULTS: Required<ImageTaskOptions> = {
  teacher: 'digits',
  data: 'digits',
  others: '',
  features: ['digits'],
  reference: 4000,
  dropout: 0,
  chunk: 500,
};

/** A task on images, with what else measures there. */
export type ImageTask = Omit<Task, 'dispose'> & {
  /** Real images that training does not see, where the data have such. */
  others: Dataset;
  /** The feature networks, in the order of the metrics. */
  extractors: readonly FeatureExtractor[];
  dispose: () => Promise<void>;
};

/** [C] Table 1 has six steps too, for which no times are published: EDM's grid. */
const TIMES = { ...SAMPLING_TIMES, 6: edmStart(6) };

/** The training data as the reference, in one fixed random order, and the images that floors are made of. */
const realImages = (dataset: Dataset, others: Dataset, nReference: number): RealImages => ({
  reference: datasetImages(dataset, { shuffled: true }),
  nReference,
  others: datasetImages(others, { shuffled: true }),
  firstOther: others === dataset ? nReference : 0,
});

/**
 * A teacher to distill on images, measured as `imageMetric` does. By default drawn digits 16 x 16, class-conditional, which
 * need no download; `{ teacher: 'edm-cifar10-32x32-uncond-vp.pkl', data: 'cifar-10-batches-bin', features: ['inception',
 * 'dinov2'], reference: 50000 }` is the paper's CIFAR-10. Dispose of it after use.
 * @throws ArgumentError for unknown options and names, and where teacher, data and reference do not fit; DatasetError for
 * data that cannot be opened
 * @example
 * const task = await imageTask(); // drawn digits
 * const { value } = await task.measure(request => run.sample({ ...request, steps: 4 }), { n: 1000, block: 0 });
 */
export const imageTask = (
  options: ImageTaskOptions = {},
  { cache, signal, onImages }: Omit<RealStatisticsOptions, 'chunk'> = {},
): Promise<ImageTask> =>
  withResources(async ({ onClose, close }) => {
    const where = 'imageTask';
    const chosen = withDefaults(where, options, DEFAULTS);
    const { data, dropout, features, reference, chunk } = chosen;
    expectNumber(where, 'dropout', dropout, { min: 0, max: 1 });
    if (features.length === 0) fail(where, 'features', 'at least one network', features);
    const dataset = await openDataset(data);
    onClose(() => dataset.close?.());
    const teacher = await loadTeacher(chosen.teacher);
    onClose(() => tf.dispose(teacher.parameters));
    checkDistillation({ teacher, dataset, dropout, run: { batch: 1 } }); // the batch is checked with the run's options
    const others = await (chosen.others === '' ? openOtherSplit(data, dataset) : openDataset(chosen.others));
    onClose(() => others?.close?.());
    const extractors: FeatureExtractor[] = [];
    for (const name of features) {
      const extractor = await loadFeatures(name);
      onClose(() => extractor.dispose());
      extractors.push(extractor);
    }
    const measuring = await imageMetric(
      { real: realImages(dataset, others ?? dataset, reference), extractors, classes: teacher.denoiser.classes },
      { chunk, cache, signal, onImages },
    );
    return {
      ...measuring,
      name: dataset.name,
      identity: {
        task: dataset.name,
        teacher: await sha256OfWeights(teacher.parameters),
        dropout,
        ...measuring.identity,
      },
      recipe: { kind: 'images', options: chosen },
      teacher,
      start: { denoiser: generatorOf({ teacher, dataset, dropout }), parameters: teacher.parameters },
      dataset,
      times: TIMES,
      others: others ?? dataset,
      extractors,
      dispose: close,
    };
  });
