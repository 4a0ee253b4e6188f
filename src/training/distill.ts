import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../datasets';
import { denoising, type DenoisingOptions, type DistillMethod, methodFromConfig } from '../methods';
import {
  auxiliaryParameters,
  type Denoiser,
  initialParameters,
  type Model,
  type SecondTimeStart,
  type Tensors,
} from '../networks';
import type { RunOptions } from './options';
import { Run } from './run';

/** What `distill` needs; options of the method and of the run are given side by side. */
export type DistillInput = {
  teacher: Model;
  /** What phi and psi start as; default the teacher. Needed where the teacher is exact, not a network. */
  start?: Model;
  /** x_0 of eq. (18). */
  dataset: Dataset;
  /** How it is distilled, default CoSIM. */
  method?: DistillMethod;
  /** [C] how psi's embedding of t starts. */
  secondTimeStart?: SecondTimeStart;
  run?: Partial<RunOptions>;
};

/**
 * A distillation run, Algorithm 2: phi, psi <- start, theta frozen.
 * @example
 * const run = distill({ teacher, dataset, method: { kind: 'cosim', coef: 1 } });
 * await run.train({ images: 6400, dir: 'runs/first' });
 * const { data } = await run.sample({ seeds: [0, 1, 2, 3], labels: [0, 1, 2, 3], steps: 4 });
 * run.dispose();
 */
export const distill = ({
  teacher,
  start = teacher,
  dataset,
  method: config = { kind: 'cosim' },
  secondTimeStart,
  run,
}: DistillInput): Run => {
  const method = methodFromConfig(config, { theta: teacher.denoiser, phi: start.denoiser });
  const { psi: auxiliary } = method.denoisers;
  const twoTimes = auxiliary !== undefined && auxiliary !== start.denoiser;
  const psi = twoTimes ? auxiliaryParameters(start.denoiser, start.parameters, secondTimeStart) : start.parameters;
  try {
    return Run.start(method, { theta: teacher.parameters, phi: start.parameters, psi }, dataset, run);
  } finally {
    if (twoTimes) tf.dispose(psi);
  }
};

/**
 * A teacher's pretraining by EDM's loss, from fresh parameters or from given ones.
 * @example
 * const run = pretrain({ denoiser: teacher.denoiser, dataset, run: { batch: 64, learningRate: 1e-3 } });
 * await run.train({ images: 64_000, dir: 'runs/teacher' });
 */
export const pretrain = ({
  denoiser,
  parameters,
  dataset,
  denoising: options,
  run = {},
}: {
  denoiser: Denoiser;
  parameters?: Tensors;
  dataset: Dataset;
  denoising?: Partial<DenoisingOptions>;
  run?: Partial<RunOptions>;
}): Run => {
  const phi = parameters ?? initialParameters(denoiser.parameters, run.seed ?? 0);
  try {
    return Run.start(denoising(denoiser, options), { phi }, dataset, run);
  } finally {
    if (!parameters) tf.dispose(phi);
  }
};
