import type { Samples } from '../compute/host-arrays';
import type { Command } from 'commander';
import { ArgumentError } from '../compute/check';
import { SAMPLING_TIMES } from '../diffusion';
import { sha256OfFiles } from '../datasets';
import { loadModel, modelFile, type SampledModel } from '../models';
import type { Model } from '../networks';
import { FEW_STEP_SAMPLERS, sampleHeun, type SamplerInput } from '../samplers';
import { asArgument } from './given-paths';
import { count, decimal, numberList } from './options';

/** How a network is sampled from. */
export type SamplerOptions = {
  steps?: number;
  times?: number[];
  guide?: string;
  guidance?: number;
  churn: number;
};

/** Adds the options that say how a network is sampled from. */
export const withSamplerOptions = (command: Command): Command =>
  command
    .option('--steps <n>', 'noise levels (default: 18; of a CoSIM generator 1, 2 or 4, default 4)', count)
    .option('--times <list>', "a CoSIM generator's noise levels, decreasing: 80,1.4", numberList)
    .option('--guide <file>', 'a weaker network to guide away from (autoguidance)')
    .option('--guidance <weight>', 'weight of the network against its guide, 1: none', decimal)
    .option('--churn <amount>', "S_churn of EDM's sampler", decimal, 0);

/** A sampler that is chosen and ready. */
export type ChosenSampler = {
  /** Everything samples depend on besides the network, seeds and labels. */
  identity: Record<string, string | number>;
  /** Network calls a sample. */
  calls: number;
  /** To be disposed by the caller. */
  guide?: Model;
  draw: (input: SamplerInput, guide?: Model) => Promise<Samples>;
};

const DEFAULT_STEPS = 18;

/**
 * Algorithm 1 for CoSIM's generators and wherever times are given, else EDM's Heun sampler; loads the guide.
 * @throws ArgumentError for options of the other sampler, and steps without standard times
 */
export const chooseSampler = async (
  { sampler, times: own = SAMPLING_TIMES }: Pick<SampledModel, 'sampler' | 'times'>,
  { times, steps, churn, guidance, guide }: SamplerOptions,
): Promise<ChosenSampler> => {
  if (times !== undefined && steps !== undefined && steps !== times.length)
    throw new ArgumentError(`--times has ${times.length} noise levels, --steps asks for ${steps}: give one of them`);
  if (times !== undefined || sampler !== 'heun') {
    if (guide !== undefined || guidance !== undefined || churn > 0)
      throw new ArgumentError(
        "--guide, --guidance and --churn are options of EDM's sampler; a generator in few steps has none",
      );
    const name = sampler === 'heun' ? 'multistep' : sampler;
    const few = Object.keys(own).map(Number);
    const chosen = times ?? own[steps ?? (few.includes(4) ? 4 : Math.max(...few))];
    if (!chosen)
      throw new ArgumentError(
        `--steps must be one of ${few.join(', ')}, got ${steps}: no standard times for ${steps} steps; pass --times, as 80,16.78,2.24,0.131`,
      );
    return {
      identity: { sampler: name, times: chosen.join() },
      calls: chosen.length,
      draw: input => FEW_STEP_SAMPLERS[name]({ ...input, times: chosen }),
    };
  }
  if (guidance !== undefined && guide === undefined)
    throw new ArgumentError('--guidance is the weight against --guide FILE, which is not given');
  const levels = steps ?? DEFAULT_STEPS;
  const guided = guide !== undefined && {
    guide: await sha256OfFiles([await asArgument('--guide', () => modelFile(guide))]),
    guidance: guidance ?? 1,
  };
  return {
    identity: { sampler: 'heun', steps: levels, churn, ...guided },
    calls: 2 * levels - 1,
    ...(guide !== undefined && { guide: await asArgument('--guide', () => loadModel(guide)) }),
    draw: (input, model) => sampleHeun({ ...input, steps: levels, churn, guide: model, guidance }),
  };
};
