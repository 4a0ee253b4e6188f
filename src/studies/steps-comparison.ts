import type { Samples } from '../compute/host-arrays';
import { timesOfSteps } from '../diffusion';
import { beginMaking, type Made, madeNow } from '../provenance';
import { sampleHeun } from '../samplers';
import type { Draw, Task, TaskResult } from '../tasks';
import type { Run } from '../training';
import { timesOnTask } from './task-times';

/** A sampler under comparison: the distilled generator at K steps, or the teacher at an NFE of EDM's Heun sampler. */
export type Contender = { series: 'CoSIM' | 'teacher'; steps: number; draw: Draw };

/**
 * The generator at each number of steps (NFE = K), from the run's moving average.
 * @throws ArgumentError for a number of steps that neither the method nor the task has times for
 */
export const generatorAt = (run: Run, task: Task, steps: readonly number[]): Contender[] =>
  steps.map(K => {
    const times = timesOfSteps('generatorAt', timesOnTask(task, run.method), K);
    return { series: 'CoSIM', steps: K, draw: request => run.sample({ ...request, times }) };
  });

/** The teacher by EDM's deterministic Heun sampler at each NFE = 2 levels - 1, from the same first noise. */
export const teacherAt = ({ teacher }: Task, evaluations: readonly number[]): Contender[] =>
  evaluations.map(nfe => ({
    series: 'teacher',
    steps: nfe,
    draw: (request): Promise<Samples> => sampleHeun({ ...teacher, ...request, steps: (nfe + 1) / 2 }),
  }));

/** One measured block of one contender. */
export type ComparisonPoint = {
  /** What was sampled from. */
  series: string;
  /** Network evaluations a sample. */
  steps: number;
  /** Training seed or block. */
  seed: number;
} & TaskResult &
  Made;

/**
 * Measures every contender on the same blocks of seeds and labels: `blocks` blocks of `n` samples. Each point says what
 * measured it. Aborted, it throws.
 */
export const compareSteps = async (
  task: Task,
  contenders: readonly Contender[],
  { n, blocks, signal }: { n: number; blocks: number; signal?: AbortSignal },
  onDone?: (done: number, total: number) => void,
): Promise<ComparisonPoint[]> => {
  const made = beginMaking(__filename);
  const points: ComparisonPoint[] = [];
  for (const { series, steps, draw } of contenders)
    for (let block = 0; block < blocks; block++) {
      points.push({ series, steps, seed: block, ...(await task.measure(draw, { n, block, signal })) });
      onDone?.(points.length, contenders.length * blocks);
    }
  return madeNow(points, made());
};
