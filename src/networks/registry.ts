import { unknownName } from '../compute/check';
import type { Mixture } from '../diffusion';
import { adm } from './adm';
import { ddpmpp } from './ddpmpp';
import { type Denoiser, mixtureDenoiser, preconditioned } from './denoiser';
import { edm2 } from './edm2';
import { mlp } from './mlp';
import { ncsnpp } from './ncsnpp';
import type { Network } from './network';

/** Architectures by the `kind` of their configuration: a new network is one file and one line here. */
const NETWORKS: Record<string, (options: Record<string, unknown>) => Network> = { ddpmpp, ncsnpp, adm, edm2, mlp };

/**
 * The denoiser that a configuration describes, as stored in checkpoints: `{ kind: 'ddpmpp', resolution: 16, ... }`, with
 * either EDM's `sigmaData` or another `preconditioning: { kind: 'vp', ... }` beside the network's options.
 * @throws ArgumentError for an unknown kind or option.
 */
export const denoiserFromConfig = (config: Denoiser['config']): Denoiser => {
  const { kind, sigmaData, preconditioning, ...options } = config;
  if (kind === 'mixture') {
    const { denoiser, parameters } = mixtureDenoiser(options.mixture as Mixture);
    for (const tensor of Object.values(parameters)) tensor.dispose();
    return denoiser;
  }
  const build = NETWORKS[kind] as (typeof NETWORKS)[string] | undefined;
  if (!build) throw unknownName('denoiserFromConfig', 'kind of network', kind, [...Object.keys(NETWORKS), 'mixture']);
  const edm = { kind: 'edm', ...(sigmaData === undefined ? {} : { sigmaData }) };
  return preconditioned(build(options), (preconditioning as Record<string, unknown> | undefined) ?? edm);
};
