import type { Points } from '../compute/host-arrays';
import { expectInteger, expectOneOf, fail, withDefaults } from '../compute/check';
import { expectFinite, expectPoints } from './measurement';

/** Splits as in the paper. */
export const SPLITS = 10;

/** Options of `inceptionScore`. */
export type InceptionScoreOptions = {
  /** Parts of the set, in the order given; 1: the whole set. */
  splits?: number;
  /** What the rows are. */
  from?: 'logits' | 'probabilities';
};

/** The Inception Score, the mean over splits. */
export type InceptionScore = {
  /** Mean over the splits, 1 to classes. */
  value: number;
  /** Population deviation over the splits, 0 for one. */
  std: number;
  splits: number;
  n: number;
};

/** log p of one row of logits, in float64. */
const logSoftmax = (logits: Float32Array, out: Float64Array): void => {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  const shift = largest + Math.log(total);
  for (let c = 0; c < out.length; c++) out[c] = logits[c] - shift;
};

const logProbabilities = (row: Float32Array, out: Float64Array): void => {
  for (let c = 0; c < out.length; c++) out[c] = Math.log(row[c]);
};

/** exp( mean over rows first .. last - 1 of KL(p_i || mean of p) ) = exp( H(mean of p) - mean of H(p_i) ). */
const scoreOf = ({ data, d }: Points, first: number, last: number, logs: typeof logSoftmax): number => {
  const mean = new Float64Array(d);
  const log = new Float64Array(d);
  let negentropy = 0;
  for (let i = first; i < last; i++) {
    logs(data.subarray(i * d, (i + 1) * d), log);
    for (let c = 0; c < d; c++) {
      const p = Math.exp(log[c]);
      mean[c] += p / (last - first);
      if (p > 0) negentropy += (p * log[c]) / (last - first);
    }
  }
  return Math.exp(mean.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), negentropy));
};

const expectProbabilities = (where: string, { data, n, d }: Points): void => {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let c = 0; c < d; c++) {
      const p = data[i * d + c];
      if (!(p >= 0)) fail(where, `logits: row ${i}`, 'probabilities of at least 0', p);
      sum += p;
    }
    if (!(Math.abs(sum - 1) < 1e-3)) fail(where, `logits: row ${i}`, 'probabilities that sum to 1', sum);
  }
};

/**
 * Inception Score, exp( E_x KL(p(y|x) || p(y)) ) (Salimans et al. 2016), of a classifier's logits [n, classes]: mean and
 * deviation over consecutive parts of nearly equal size, ten as in the paper. From 1 (every answer the same) to classes (sure
 * answers, all classes alike). Samples sorted by class have to be shuffled first, or be one split. It sees no reference.
 * @throws ArgumentError for unknown options, fewer rows than splits, numbers that are not finite or no probabilities
 */
export const inceptionScore = (logits: Points, options: InceptionScoreOptions = {}): InceptionScore => {
  const where = 'inceptionScore';
  const { splits, from } = withDefaults<Required<InceptionScoreOptions>>(where, options, {
    splits: SPLITS,
    from: 'logits',
  });
  expectOneOf(where, 'from', from, ['logits', 'probabilities']);
  expectPoints(where, 'logits', logits);
  expectInteger(where, 'splits', splits, { min: 1, max: logits.n });
  expectFinite(where, 'logits', logits);
  if (from === 'probabilities') expectProbabilities(where, logits);

  const { n } = logits;
  const bound = (part: number): number => Math.floor((part * n) / splits);
  const scores = Array.from({ length: splits }, (_, part) =>
    scoreOf(logits, bound(part), bound(part + 1), from === 'logits' ? logSoftmax : logProbabilities),
  );
  const value = scores.reduce((a, b) => a + b) / splits;
  const std = Math.sqrt(scores.reduce((sum, score) => sum + (score - value) ** 2, 0) / splits);
  return { value, std, splits, n };
};
