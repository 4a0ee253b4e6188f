/* How long a step takes, from the times at which steps ended. */
import { quantile } from 'd3';
import { rounded } from './report';

/** Blocks of steps: an odd number, so that the median is one of them. */
const BLOCKS = 5;

/** Steps that fill about CHECK_SECONDS seconds (default 3), in whole blocks. */
export const stepsFor = (ms: number): number =>
  BLOCKS * Math.max(1, Math.min(200, Math.round((1000 * Number(process.env.CHECK_SECONDS ?? 3)) / ms / BLOCKS)));

/**
 * Median and quartiles of the blocks' mean times.
 * @param ends in ms: the start, then the end of every step
 */
export const blockTimes = (ends: readonly number[]): { ms: number; quartiles: [number, number]; steps: number } => {
  const steps = ends.length - 1;
  const size = steps / BLOCKS;
  const means = Array.from({ length: BLOCKS }, (_, i) => (ends[(i + 1) * size] - ends[i * size]) / size);
  const at = (p: number): number => rounded(quantile(means, p)!);
  return { ms: at(0.5), quartiles: [at(0.25), at(0.75)], steps };
};
