import type { Tensors, ValueAndMetrics } from '../compute/tensors';
import type { SamplingTimes } from '../diffusion';
import type { Denoiser } from '../networks';
import type { Inputs } from './inputs';

/** Parameter sets by their letter in the paper: teacher, generator, auxiliary. */
export type Role = 'theta' | 'phi' | 'psi';

/** One optimisation of one parameter set: what it is fed and what it minimises. */
export type Update = {
  trains: Role;
  /** Times in a row in every iteration, default 1; the update's step then counts each of them. */
  repeats?: number;
  /** Multiplies the loss before differentiation. */
  lossScale: number;
  /** What a step does to the trained parameters before anything else (EDM2 normalises its weights). */
  normalisedWeights?: Denoiser['normalisedWeights'];
  /** All that is data or chance, declared. */
  inputs: Inputs;
  /** The loss summed over elements and samples of `batch`, which holds the inputs by name, and sums to report; pure. */
  loss: (roles: Partial<Record<Role, Tensors>>, batch: Tensors) => ValueAndMetrics;
};

/** A way to train a generator: which parameter sets it has and what one iteration does with them, in order. */
export type Method = {
  /** Rebuilds it with `methodFromConfig`, JSON. */
  config: { kind: string } & Record<string, unknown>;
  /** Derived quantities worth printing beside results, such as beta. */
  report: Record<string, number>;
  /** Phi is what is averaged and sampled from. */
  denoisers: Partial<Record<Role, Denoiser>>;
  updates: readonly Update[];
  /** How phi generates. */
  sampler: SamplerName;
  /** The method's own times by number of steps; otherwise SAMPLING_TIMES. */
  times?: SamplingTimes;
};

/** Algorithm 1; its ancestral variant, with noise from the posterior; or EDM's sampler for a plain denoiser. */
export type SamplerName = 'multistep' | 'ancestral' | 'heun';
