import { type Points, type Samples, shapeSize } from '../compute/host-arrays';
import { expectInteger, fail } from '../compute/check';
import { type Dataset, networkUnits, trainingIndices } from '../datasets';
import { imageBytes } from '../evaluation';
import { classification, type FeatureExtractor } from '../metrics';
import { beginMaking, type Made, madeNow } from '../provenance';
import { blockSeeds } from '../tasks';
import type { Contender } from './steps-comparison';
import type { StudyWatch } from './watch';
import { unlessAborted } from './unless-aborted';

/** One class of one sampler: how often the classifier agrees, and how much its samples differ among themselves. */
export type ClassPoint = {
  series: string;
  /** NFE. */
  steps: number;
  /** Of training; of the teacher the block of seeds. */
  seed: number;
  label: number;
  /** Share of this class's samples that are classified as it. */
  accuracy: number;
  /** Variance of their features, relative to real images of this class: 1 is as diverse. */
  diversity: number;
  /** Samples of this class. */
  n: number;
} & Made;

/** Options of `classStudy`. */
export type ClassStudyOptions = {
  /** Labelled images that diversity is set against. */
  real: Dataset;
  /** Names all classes of the data by its logits. */
  classifier: FeatureExtractor;
  /** The classes that are looked at. */
  classes: readonly number[];
  /** Samples of each, at least 2. */
  perClass: number;
  /** Block of sampling seeds, default 0. */
  block?: number;
};

const where = 'classStudy';

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

const CHUNK = 500; // images looked at at a time

/** `perClass` real images of each class, in the data's random order. */
const realOfClasses = async (
  real: Dataset,
  { classes, perClass }: ClassStudyOptions,
  signal?: AbortSignal,
): Promise<{ samples: Samples; labels: number[] }> => {
  const size = shapeSize(real.sampleShape);
  const wanted = new Map(classes.map(label => [label, perClass])); // of each class, so many are still looked for
  const n = classes.length * perClass;
  const data = new Float32Array(n * size);
  const labels: number[] = [];
  for (let first = 0; labels.length < n; first += CHUNK) {
    signal?.throwIfAborted();
    const batch = Math.min(first + CHUNK, real.length);
    if (first >= batch) fail(where, 'perClass', `at most what '${real.name}' has of each of the classes`, perClass);
    const { x, labels: own } = await real.batch(trainingIndices(real, { seed: 0, step: 0, batch, first }));
    own.forEach((label, i) => {
      const left = wanted.get(label) ?? 0;
      if (left === 0) return;
      wanted.set(label, left - 1);
      data.set(networkUnits(x.subarray(i * size, (i + 1) * size)), labels.length * size);
      labels.push(label);
    });
  }
  return { samples: { data, n, shape: real.sampleShape }, labels };
};

/**
 * Accuracy and diversity of conditional samples by class, `perClass` samples of each class a sampler and seed, all from
 * the same noise; the diversity is set against as many real images of the class. `seed` numbers the contender's training.
 * Aborted, it returns the contenders that were measured, marked `interrupted`.
 * @throws ArgumentError for a classifier of other classes, and for data with too few images of a class
 */
export const classStudy = async (
  contenders: readonly (Contender & { seed: number })[],
  options: ClassStudyOptions,
  { onProgress, signal }: StudyWatch = {},
): Promise<ClassPoint[]> => {
  const made = beginMaking(__filename);
  const { real, classifier, classes, perClass, block = 0 } = options;
  expectInteger(where, 'perClass', perClass, { min: 2 });
  for (const label of classes) expectInteger(where, 'classes', label, { max: real.classes - 1 });
  if (classifier.classes !== real.classes)
    fail(where, 'classifier', `a network that names the ${real.classes} classes of '${real.name}'`, classifier.name);
  const look = (samples: Samples) => classifier.extract(imageBytes(samples), { signal });

  const { samples, labels: realLabels } = await realOfClasses(real, options, signal);
  const { features: realFeatures } = await look(samples);
  const seeds = blockSeeds(perClass * classes.length, block);
  const labels = seeds.map((_, i) => classes[i % classes.length]);
  const points: ClassPoint[] = [];
  for (const [at, { series, steps, seed, draw }] of contenders.entries()) {
    const looked = await unlessAborted(async () => look(await draw({ seeds, labels, signal })), signal);
    if (looked === undefined) break;
    const { features, logits } = looked;
    const { perClass: accuracies } = classification(logits!, labels);
    for (const label of classes)
      points.push({
        series,
        steps,
        seed,
        label,
        n: perClass,
        accuracy: accuracies[label]!,
        diversity:
          totalVariance(rowsOf(features, labels, label)) / totalVariance(rowsOf(realFeatures, realLabels, label)),
      });
    onProgress?.(at + 1, contenders.length, `${series}, NFE ${steps}`);
  }
  return madeNow(points, made(), points.length < contenders.length * classes.length);
};
