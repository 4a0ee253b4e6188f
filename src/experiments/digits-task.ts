import * as tf from '@tensorflow/tfjs-core';
import { digits, indexRange, networkUnits } from '../datasets';
import { SAMPLING_TIMES } from '../diffusion';
import { classification, classify, featureStatistics, frechetDistance } from '../metrics';
import { loadClassifier } from './classifier';
import { blockSeeds, floorCache, type Task } from './task';
import { loadTeacher } from './teachers';

/**
 * Drawn digits 16 x 16, class-conditional. Value: Fréchet distance in the digit classifier's 64 features against
 * `reference` real digits of the test split; also the share of samples that the classifier gives their own label.
 */
export const digitsTask = async ({ reference = 4000 }: { reference?: number } = {}): Promise<Task> => {
  const teacher = await loadTeacher('digits');
  const classifier = await loadClassifier();
  const test = digits({ seed: 1, split: 'test' });
  const realDigits = async (first: number, n: number) => {
    const { x } = await test.batch(indexRange(n, first));
    return featureStatistics((await classify(classifier, networkUnits(x), n)).features);
  };
  const real = await realDigits(0, reference);
  const floorOf = floorCache(
    async (n, block) => (await frechetDistance(await realDigits(reference + block * n, n), real)).value,
  );
  return {
    name: 'digits',
    identity: { task: 'digits', reference },
    teacher,
    start: teacher,
    dataset: digits({ seed: 0, split: 'train' }),
    times: SAMPLING_TIMES,
    metric: 'Fréchet distance (classifier features)',
    measure: async (draw, { n, block }) => {
      const seeds = blockSeeds(n, block);
      const labels = seeds.map((_, i) => i % 10); // as many of each class
      const { data } = await draw({ seeds, labels });
      const { features, logits } = await classify(classifier, data, n);
      const floor = await floorOf(n, block);
      const { value } = await frechetDistance(await featureStatistics(features), real);
      const { accuracy } = classification(logits, Int32Array.from(labels));
      return { value, n, nReference: reference, floor, accuracy };
    },
    dispose: () => tf.dispose([teacher.parameters, classifier]),
  };
};
