import type { Points } from '../compute/host-arrays';
import { fail } from '../compute/check';
import { expectPoints } from './measurement';

/** How a classifier's answers compare with labels. */
export type ClassificationReport = {
  n: number;
  /** Share of samples named right. */
  accuracy: number;
  /** [classes] accuracy of each class, null for one without samples. */
  perClass: (number | null)[];
  /** [label][answer] counts. */
  confusion: number[][];
};

/**
 * Accuracy of the largest logit: logits [n, classes], labels [n] from 0 to classes - 1. Of equal logits the first
 * counts.
 * @throws ArgumentError when the sizes disagree, a label is out of range or a logit is not a number
 */
export const classification = (logits: Points, labels: ArrayLike<number>): ClassificationReport => {
  const where = 'classification';
  expectPoints(where, 'logits', logits);
  const { data, n, d: classes } = logits;
  if (labels.length !== n) fail(where, 'labels', `${n} labels, one for each row of logits`, labels.length);

  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < n; i++) {
    const row = data.subarray(i * classes, (i + 1) * classes);
    const label = labels[i];
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      fail(where, `labels[${i}]`, `an integer from 0 to ${classes - 1}`, label);
    if (row.some(Number.isNaN)) fail(where, `logits of sample ${i}`, 'numbers', NaN);
    confusion[label][row.indexOf(Math.max(...row))]++;
  }
  const total = (counts: number[]): number => counts.reduce((a, b) => a + b);
  const right = confusion.map((answers, label) => answers[label]);
  return {
    n,
    accuracy: total(right) / n,
    perClass: confusion.map((answers, label) => (total(answers) > 0 ? right[label] / total(answers) : null)),
    confusion,
  };
};
