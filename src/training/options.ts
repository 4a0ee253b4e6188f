import { expectInteger, expectNumber, expectOneOf, fail, withDefaults } from '../compute/check';
import { type EngineName, engineNamed } from '../compute/engine-choice';
import { PRECISION_NAMES, type PrecisionName } from '../compute/xla/emitter';
import type { AdamOptions } from './adam';

/** How a run trains, whatever its method. Numbers the issue of a result depends on, besides the method's own. */
export type RunOptions = AdamOptions & {
  /** Samples of one update. */
  batch: number;
  /** Accumulation: the batch is computed in this many equal parts. */
  accumulationRounds: number;
  /** Images over which the learning rate rises from 0, 0: none. */
  warmup: number;
  /** Half-life of the average, images. */
  emaHalflife: number;
  /** The half-life is at most this share of the images seen. */
  emaRampup: number;
  /** Seed of the data's order, times and noise. */
  seed: number;
  /** Stop after this many consecutive steps with non-finite gradients. */
  maxBadSteps: number;
  /** What computes the steps. */
  engine: EngineName;
  /** Threads of the onnx engine that share a batch, 0: by cores and batch. */
  workers: number;
  /** Accelerators of the xla engine that share a batch, 0: all there are. */
  devices: number;
  /** Of products on an accelerator; auto: float32, until tf32 is shown to train to the same metrics. */
  precision: PrecisionName;
};

/** The options of a run where nothing else is said. */
export const RUN_DEFAULTS: RunOptions = {
  batch: 64,
  accumulationRounds: 1,
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
  devices: 1,
  precision: 'auto',
};

/** The smallest normal number of float32: with an eps of 0 there, parameters without a gradient would be 0 / 0. */
const LEAST_EPS = 2 ** -126;

/** @throws ArgumentError for an unknown option, a wrong type or a value outside its range. */
export const runOptions = (given: Partial<RunOptions>): RunOptions => {
  const options = withDefaults('run', given, RUN_DEFAULTS);
  const { batch, accumulationRounds } = options;
  expectInteger('run', 'batch', batch, { min: 1 });
  expectInteger('run', 'accumulationRounds', accumulationRounds, { min: 1 });
  if (batch % accumulationRounds !== 0)
    fail('run', 'accumulationRounds', `a divisor of the batch ${batch}`, accumulationRounds);
  expectInteger('run', 'seed', options.seed);
  expectInteger('run', 'maxBadSteps', options.maxBadSteps, { min: 1 });
  expectInteger('run', 'workers', options.workers, { max: 256 });
  expectInteger('run', 'devices', options.devices, { max: 4096 });
  expectOneOf('run', 'precision', options.precision, PRECISION_NAMES);
  expectNumber('run', 'learningRate', options.learningRate, { above: 0 });
  for (const name of ['beta1', 'beta2'] as const) expectNumber('run', name, options[name], { min: 0, max: 0.999999 });
  for (const name of ['eps', 'warmup', 'emaHalflife', 'emaRampup'] as const)
    expectNumber('run', name, options[name], { min: 0 });
  return { ...options, engine: engineNamed('run', options.engine) };
};

/**
 * The options of a run that begins.
 * @throws ArgumentError as `runOptions`, and for an `eps` that is 0 in float32
 */
export const newRunOptions = (given: Partial<RunOptions>): RunOptions => {
  const options = runOptions(given);
  expectNumber('run', 'eps', options.eps, { min: LEAST_EPS });
  return options;
};
