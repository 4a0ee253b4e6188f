import { withDefaults } from '../compute/check';
import type { Network } from './network';
import { songUnet, type SongUnetConfig } from './song-unet';

/** Options of DDPM++: those of SongUNet, whose defaults here are EDM's for CIFAR-10 without conditions. */
export type DdpmppConfig = SongUnetConfig;

/** What a DDPM++ network is where its configuration does not say otherwise. */
export const DDPMPP_DEFAULTS: DdpmppConfig = {
  resolution: 32,
  channels: 3,
  classes: 0,
  augmentDim: 0,
  modelChannels: 128,
  channelMult: [2, 2, 2],
  channelMultEmb: 4,
  channelMultNoise: 1,
  blocks: 4,
  attention: [16],
  embedding: 'positional',
  encoder: 'standard',
  decoder: 'standard',
  filter: [1, 1],
  outChannels: 0,
  dropout: 0.13,
  secondTime: false,
};

/**
 * DDPM++ (Song et al. 2021, in EDM's configuration), the paper's CIFAR-10 network.
 * @throws ArgumentError for unknown keys, wrong types and sizes that do not divide.
 */
export const ddpmpp = (options: Partial<DdpmppConfig>): Network =>
  songUnet('ddpmpp', withDefaults('ddpmpp', options, DDPMPP_DEFAULTS));
