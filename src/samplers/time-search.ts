import { expectInteger, expectNumber, fail } from '../compute/check';
import { decreasingTimes, EDM_RANGE, karrasTimes, type NoiseRange } from '../diffusion';

/** What the search for sampling times is given. */
export type TimeSearchInput = {
  /** K noise levels to begin with: `edmStart(K)`. */
  start: readonly number[];
  /** Any metric, the smaller the better. */
  measure: (times: readonly number[]) => Promise<number>;
  /** Factors tried on each time in turn, default TIME_SCALES. */
  scales?: readonly number[];
  /** Passes over all times, each with the factors' square roots of the last, default 2. */
  rounds?: number;
  /** No time above this, default 80. */
  sigmaMax?: number;
  onEvaluation?: (entry: TimeSearchEntry, done: number, atMost: number) => void;
  /** Stops between evaluations by throwing the signal's reason. */
  signal?: AbortSignal;
};

/** One evaluation: the time number `index` tried at `time`, the others as `times` says. */
export type TimeSearchEntry = { round: number; index: number; time: number; times: readonly number[]; value: number };

/** What `searchTimes` found. */
export type TimeSearchResult = {
  times: readonly number[];
  /** Of `times`, on what the search saw: optimistic, so measure it again on other seeds. */
  value: number;
  /** All evaluations in order; each pass over a time begins with what it came to. */
  landscape: readonly TimeSearchEntry[];
};

/** [C] Factors of the first round: 1/16, 1/8, ..., 16. */
export const TIME_SCALES: readonly number[] = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map(power => 2 ** power);

/** [C] Where the search begins: EDM's grid of K + 1 levels without its last, at which a generator would do nothing. */
export const edmStart = (steps: number, range: NoiseRange = EDM_RANGE): number[] =>
  karrasTimes(steps + 1, range).slice(0, steps);

/**
 * Greedy search for the times of Algorithm 1 (section 4: EDM's scheme first, then a scale parameter): one time point after
 * another is multiplied by each factor while the others stay, and the best is kept. Times that would not decrease are not
 * tried. Deterministic if `measure` is: use the same seeds for all, apart from those that measure the result.
 * @throws ArgumentError for a start that is not decreasing or that no factor brings below `sigmaMax`, factors not above 0, a metric that is not finite
 * at the start
 * @example
 * const { times, value } = await searchTimes({
 *   start: [80, 2.24],
 *   measure: async times => (await task.measure(request => run.sample({ ...request, times }), { n: 1000, block: 0 })).value,
 * });
 */
export const searchTimes = async ({
  start,
  measure,
  scales = TIME_SCALES,
  rounds = 2,
  sigmaMax = EDM_RANGE.sigmaMax,
  onEvaluation,
  signal,
}: TimeSearchInput): Promise<TimeSearchResult> => {
  decreasingTimes('searchTimes', 'start', start);
  const most = sigmaMax * (1 + 1e-12); // the first level of a grid may be rounded up
  const canFall = scales.some(scale => start[0] * scale <= most) && !(start[1] > most);
  if (start[0] > most && !canFall)
    fail('searchTimes', 'start', `below sigmaMax, ${sigmaMax}, or a scale away from it`, start);
  expectInteger('searchTimes', 'rounds', rounds, { min: 1 });
  scales.forEach((scale, i) => expectNumber('searchTimes', `scales[${i}]`, scale, { above: 0 }));
  const atMost = 1 + rounds * start.length * scales.filter(scale => scale !== 1).length;
  const landscape: TimeSearchEntry[] = [];
  const known = new Map<string, number>(); // a later round meets some times again
  const evaluate = async (round: number, index: number, times: readonly number[]): Promise<number> => {
    signal?.throwIfAborted();
    const met = known.get(times.join());
    const value = met ?? (await measure(times));
    const entry = { round, index, time: times[index], times, value };
    landscape.push(entry);
    known.set(times.join(), value);
    if (met === undefined) onEvaluation?.(entry, known.size, atMost);
    return value;
  };

  let best = { times: start, value: await evaluate(0, 0, start) };
  if (!Number.isFinite(best.value)) fail('searchTimes', 'measure', 'a finite metric at the start', best.value);
  for (let round = 0; round < rounds; round++)
    for (let index = 0; index < start.length; index++) {
      const centre = best;
      if (round > 0 || index > 0) landscape.push({ round, index, time: centre.times[index], ...centre });
      for (const scale of scales) {
        const time = centre.times[index] * scale ** (1 / 2 ** round);
        const times = centre.times.map((t, i) => (i === index ? time : t));
        const falls = times.every((t, i) => t <= most && (i === 0 || t < times[i - 1]));
        if (scale === 1 || !falls) continue;
        const value = await evaluate(round, index, times);
        if (value < best.value) best = { times, value };
      }
    }
  return { ...best, landscape };
};
