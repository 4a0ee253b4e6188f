import { expectRecord, unknownName } from '../compute/check';
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
  const where = 'denoiserFromConfig';
  expectRecord(where, 'config', config); // it may come from a file
  const { kind, sigmaData, preconditioning, ...options } = config;
  if (preconditioning !== undefined) expectRecord(where, 'preconditioning', preconditioning);
  if (kind === 'mixture') {
    expectRecord(where, 'mixture', options.mixture);
    const { denoiser, parameters } = mixtureDenoiser(options.mixture as Mixture);
    for (const tensor of Object.values(parameters)) tensor.dispose();
    return denoiser;
  }
  if (!Object.hasOwn(NETWORKS, kind))
    // of the list's own: 'constructor' and '__proto__' are no networks
    throw unknownName(where, 'kind of network', String(kind), [...Object.keys(NETWORKS), 'mixture']);
  const edm = { kind: 'edm', ...(sigmaData === undefined ? {} : { sigmaData }) };
  return preconditioned(NETWORKS[kind](options), (preconditioning as Record<string, unknown> | undefined) ?? edm);
};
