import type { Dataset } from '../datasets';
import { cosim, type CosimOptions, denoising, type DenoisingOptions } from '../losses';
import {
  auxiliaryParameters,
  type Denoiser,
  initialParameters,
  type Model,
  type SecondTimeStart,
  type Tensors,
} from '../networks';
import * as tf from '@tensorflow/tfjs-core';
import type { RunOptions } from './options';
import { Run } from './run';

/** What `distil` needs; options of the method and of the run are given side by side. */
export type DistilInput = {
  teacher: Model;
  start?: Model; // what phi and psi start as; default the teacher. Needed where the teacher is exact, not a network
  dataset: Dataset; // x_0 of eq. (18)
  cosim?: Partial<CosimOptions>;
  secondTimeStart?: SecondTimeStart; // [C] how psi's embedding of t starts
  run?: Partial<RunOptions>;
};

/** A CoSIM run, Algorithm 2: phi, psi <- start, theta frozen. */
export const distil = ({
  teacher,
  start = teacher,
  dataset,
  cosim: options,
  secondTimeStart,
  run,
}: DistilInput): Run => {
  const method = cosim(teacher.denoiser, start.denoiser, options);
  const psi = auxiliaryParameters(start.denoiser, start.parameters, secondTimeStart);
  try {
    return Run.start(method, { theta: teacher.parameters, phi: start.parameters, psi }, dataset, run);
  } finally {
    tf.dispose(psi);
  }
};

/** A teacher's pretraining by EDM's loss, from fresh parameters or from given ones. */
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
