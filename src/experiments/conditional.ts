import { dispose } from '@tensorflow/tfjs-core';
import { digits, indexRange, networkUnits } from '../datasets';
import { classification, classify, type Points } from '../metrics';
import { loadClassifier } from './classifier';
import type { Contender } from './steps-comparison';
import { blockSeeds } from './task';

/** One class of one sampler: how often the classifier agrees, and how much its samples differ among themselves. */
export type ClassPoint = {
  series: string;
  steps: number; // NFE
  seed: number; // of training; of the teacher the block of seeds
  label: number;
  accuracy: number; // share of this class's samples that are classified as it
  diversity: number; // variance of their features, relative to real digits of this class: 1 is as diverse
  n: number; // samples of this class
};

const CLASSES = 10;

/** Rows of one class. */
const rowsOf = ({ data, d }: Points, labels: readonly number[], label: number): Float32Array[] =>
  labels.flatMap((own, i) => (own === label ? [data.subarray(i * d, (i + 1) * d)] : []));

/** Sum over features of their variance, divisor n - 1. */
const totalVariance = (rows: readonly Float32Array[]): number => {
  const d = rows[0].length;
  let total = 0;
  for (let j = 0; j < d; j++) {
    const mean = rows.reduce((sum, row) => sum + row[j], 0) / rows.length;
    total += rows.reduce((sum, row) => sum + (row[j] - mean) ** 2, 0) / (rows.length - 1);
  }
  return total;
};

/**
 * Accuracy and diversity of drawn digits by class, `perClass` samples of each class a sampler and seed, all from the same
 * noise; the diversity is set against as many real digits as there are samples. `seed` numbers the contender's training.
 */
export const classStudy = async (
  contenders: readonly (Contender & { seed: number })[],
  { perClass, block = 0 }: { perClass: number; block?: number },
  { onDone, signal }: { onDone?: (done: number, total: number) => void; signal?: AbortSignal } = {},
): Promise<ClassPoint[]> => {
  const n = perClass * CLASSES;
  const seeds = blockSeeds(n, block);
  const labels = seeds.map((_, i) => i % CLASSES);
  const classifier = await loadClassifier();
  try {
    const { x, labels: realLabels } = await digits({ seed: 1, split: 'test' }).batch(indexRange(n));
    const real = (await classify(classifier, networkUnits(x), n)).features;
    const points: ClassPoint[] = [];
    for (const [at, { series, steps, seed, draw }] of contenders.entries()) {
      signal?.throwIfAborted();
      const { features, logits } = await classify(classifier, (await draw({ seeds, labels })).data, n);
      const { perClass: accuracies } = classification(logits, labels);
      for (let label = 0; label < CLASSES; label++) {
        const reference = totalVariance(rowsOf(real, [...realLabels], label));
        points.push({
          ...{ series, steps, seed, label, n: perClass },
          accuracy: accuracies[label]!,
          diversity: totalVariance(rowsOf(features, labels, label)) / reference,
        });
      }
      onDone?.(at + 1, contenders.length);
    }
    return points;
  } finally {
    dispose(classifier);
  }
};
