import { expectInteger, expectNumber, expectOneOf, fail, withDefaults } from '../compute/check';
import { type EngineName, ENGINES } from '../compute/onnx';
import type { AdamOptions } from './adam';

/** How a run trains, whatever its method. Numbers the issue of a result depends on, besides the method's own. */
export type RunOptions = AdamOptions & {
  batch: number; // samples of one update
  rounds: number; // accumulation: the batch is computed in this many equal parts
  warmup: number; // images over which the learning rate rises from 0, 0: none
  emaHalflife: number; // images
  emaRampup: number; // half-life at most this share of the images seen
  seed: number; // of data order, times, noise
  maxBadSteps: number; // stop after this many consecutive steps with non-finite gradients
  engine: EngineName; // what computes the steps
  workers: number; // threads of the compiled engine that share a batch, 0: by cores and batch
};

export const RUN_DEFAULTS: RunOptions = {
  batch: 64,
  rounds: 1,
  learningRate: 1e-4,
  warmup: 0,
  beta1: 0,
  beta2: 0.999,
  eps: 1e-8,
  emaHalflife: 500e3,
  emaRampup: 0.05,
  seed: 0,
  maxBadSteps: 10,
  engine: 'auto',
  workers: 0,
};

/** @throws ArgumentError for an unknown option, a wrong type or a value outside its range. */
export const runOptions = (given: Partial<RunOptions>): RunOptions => {
  const options = withDefaults('run', given, RUN_DEFAULTS);
  const { batch, rounds } = options;
  expectInteger('run', 'batch', batch, { min: 1 });
  expectInteger('run', 'rounds', rounds, { min: 1 });
  if (batch % rounds !== 0) fail('run', 'rounds', `a divisor of the batch ${batch}`, rounds);
  expectInteger('run', 'seed', options.seed);
  expectInteger('run', 'maxBadSteps', options.maxBadSteps, { min: 1 });
  expectInteger('run', 'workers', options.workers, { max: 256 });
  expectOneOf('run', 'engine', options.engine, ENGINES);
  expectNumber('run', 'learningRate', options.learningRate, { above: 0 });
  for (const name of ['beta1', 'beta2'] as const) expectNumber('run', name, options[name], { min: 0, max: 0.999999 });
  for (const name of ['eps', 'warmup', 'emaHalflife', 'emaRampup'] as const)
    expectNumber('run', name, options[name], { min: 0 });
  return options;
};
