import * as tf from '@tensorflow/tfjs-core';
import { fail, withDefaults } from '../compute/check';
import { type Autoencoder, type Dataset, latents as openLatents, type OnnxAutoencoderOptions } from '../datasets';
import { SAMPLING_TIMES } from '../diffusion';
import { type Model, parameterCount } from '../networks';
import { latentDigits, loadAutoencoder } from './autoencoder';
import { type LatentsJudge, latentsJudge } from './latents-judge';
import { loadFeatures } from './load-features';
import type { Task } from './task';
import { loadTeacher } from './teachers';

export type LatentsTasksOptions = {
  teachers?: readonly string[]; // by size: shipped models' names, or files (EDM2's snapshots)
  data?: string; // '': drawn digits; else a zip file of EDM2's latents
  autoencoder?: string; // 'digits', or the path of a decoder as ONNX
  autoencoderOptions?: OnnxAutoencoderOptions; // of such a file
  features?: string; // feature network of the metric: 'digits', a known one's name, an ONNX file's path
  reference?: number; // real samples that drawn ones are compared with
  chunk?: number; // samples drawn and decoded at a time
};

const DEFAULTS: Required<LatentsTasksOptions> = {
  teachers: ['latents-s', 'latents-m', 'latents-l'],
  data: '',
  autoencoder: 'digits',
  autoencoderOptions: {},
  features: 'digits',
  reference: 4000,
  chunk: 500,
};

/** A task on latents, and the sizes of its networks. */
export type LatentsTask = Task & { size: string; parameters: number };

/** Tasks that share data, autoencoder and judge. */
export type LatentsTasks = {
  tasks: readonly LatentsTask[]; // by rising size
  autoencoder: Autoencoder;
  dispose: () => Promise<void>;
};

/** Training data, and real samples to compare with that training does not see where the data allow it. */
const openData = async (path: string): Promise<{ dataset: Dataset; real: Dataset }> => {
  if (path === '') return { dataset: latentDigits({ split: 'train' }), real: latentDigits({ seed: 1, split: 'test' }) };
  const dataset = await openLatents(path);
  return { dataset, real: dataset };
};

const sizeName = (teacher: string): string =>
  /-(xs|s|m|l|xl|xxl)(?=$|[-_.])/i.exec(teacher)?.[1].toUpperCase() ?? teacher;

const taskOf = (name: string, teacher: Model, dataset: Dataset, judge: LatentsJudge): LatentsTask => ({
  name: 'latents',
  size: sizeName(name),
  parameters: parameterCount(teacher.denoiser.parameters),
  identity: { task: 'latents', teacher: name, ...judge.identity },
  teacher,
  start: teacher,
  dataset,
  times: SAMPLING_TIMES,
  metric: judge.metric,
  measure: judge.measure,
  dispose: () => tf.dispose(teacher.parameters),
});

/**
 * Tables 2 and 4's setting: a task for each size of EDM2 network, on latents that an autoencoder decodes. By default three
 * shipped networks on latents of drawn digits; `{ teachers: [...], data: 'img512-sd.zip', autoencoder: 'decoder.onnx',
 * features: 'dinov2' }` is the paper's. Value: see `latentsJudge`. Dispose of the whole after use.
 * @throws ArgumentError for unknown options and names, and for a teacher of samples of another shape than the data's
 */
export const latentsTasks = async (options: LatentsTasksOptions = {}): Promise<LatentsTasks> => {
  const where = 'latentsTasks';
  const {
    teachers,
    data,
    autoencoder: decoder,
    autoencoderOptions,
    features,
    reference,
    chunk,
  } = withDefaults(where, options, DEFAULTS);
  const { dataset, real } = await openData(data);
  const autoencoder = await loadAutoencoder(decoder, autoencoderOptions);
  const extractor = await loadFeatures(features);
  const judge = await latentsJudge({ real, autoencoder, extractor }, { reference, chunk });
  const tasks: LatentsTask[] = [];
  for (const name of teachers) {
    const teacher = await loadTeacher(name);
    if (teacher.denoiser.sampleShape.join() !== dataset.sampleShape.join())
      fail(
        where,
        `samples of teacher '${name}'`,
        `of shape [${dataset.sampleShape.join(', ')}]`,
        teacher.denoiser.sampleShape,
      );
    tasks.push(taskOf(name, teacher, dataset, judge));
  }
  return {
    tasks,
    autoencoder,
    dispose: async () => {
      for (const task of tasks) task.dispose();
      await extractor.dispose();
      await autoencoder.close();
      await dataset.close?.();
      if (real !== dataset) await real.close?.();
    },
  };
};
