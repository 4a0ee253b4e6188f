import { type Dataset, indexRange } from './dataset';

/** What a look at every sample says. */
export type DatasetSummary = {
  /** Samples looked at. */
  n: number;
  /** Samples of each class. */
  counts: number[];
  /** Of each channel (the last dimension); bytes as 0 to 1. */
  mean: number[];
  /** Likewise. */
  deviation: number[];
};

/** Options of `summariseDataset`. */
export type SummaryOptions = {
  /** Samples looked at, default all; of drawn data 10,000. */
  limit?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
};

const CHUNK = 256;

/** Reads a data set once, in float64: class counts, mean and deviation of each channel. */
export const summariseDataset = async (dataset: Dataset, options: SummaryOptions = {}): Promise<DatasetSummary> => {
  const { limit = dataset.length === Infinity ? 10_000 : dataset.length, signal, onProgress } = options;
  const n = Math.min(limit, dataset.length);
  const channels = dataset.sampleShape[dataset.sampleShape.length - 1];
  const [sums, squares] = [new Float64Array(channels), new Float64Array(channels)];
  const counts = new Array<number>(dataset.classes).fill(0);
  let elements = 0;
  for (let first = 0; first < n; first += CHUNK) {
    signal?.throwIfAborted();
    const { x, labels } = await dataset.batch(indexRange(Math.min(CHUNK, n - first), first));
    const unit = x instanceof Uint8Array ? 255 : 1;
    for (let i = 0; i < x.length; i++) {
      const value = x[i] / unit;
      sums[i % channels] += value;
      squares[i % channels] += value * value;
    }
    for (const label of labels) counts[label]++;
    elements += x.length / channels;
    onProgress?.(Math.min(n, first + CHUNK), n);
  }
  const mean = Array.from(sums, sum => sum / elements);
  const deviation = Array.from(squares, (square, c) => Math.sqrt(Math.max(0, square / elements - mean[c] ** 2)));
  return { n, counts, mean, deviation };
};
