import { unknownName } from '../compute/check';
import type { Mixture } from '../diffusion/gaussian-mixture';
import { ddpmpp } from './ddpmpp';
import { type Denoiser, edmDenoiser, mixtureDenoiser } from './denoiser';
import { mlp } from './mlp';
import type { Network } from './network';

/** Architectures by the `kind` of their configuration: a new network is one file and one line here. */
const NETWORKS: Record<string, (options: Record<string, unknown>) => Network> = { ddpmpp, mlp };

/**
 * The denoiser that a configuration describes, as stored in checkpoints: `{ kind: 'ddpmpp', resolution: 16, ... }`.
 * @throws ArgumentError for an unknown kind or option.
 */
export const denoiserFromConfig = (config: Denoiser['config']): Denoiser => {
  const { kind, sigmaData, ...options } = config;
  if (kind === 'mixture') {
    const { denoiser, parameters } = mixtureDenoiser(options.mixture as Mixture);
    for (const tensor of Object.values(parameters)) tensor.dispose();
    return denoiser;
  }
  const build = NETWORKS[kind] as (typeof NETWORKS)[string] | undefined;
  if (!build) throw unknownName('denoiserFromConfig', 'kind of network', kind, [...Object.keys(NETWORKS), 'mixture']);
  return edmDenoiser(build(options), sigmaData === undefined ? {} : { sigmaData: sigmaData as number });
};
