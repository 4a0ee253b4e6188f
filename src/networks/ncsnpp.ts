import { withDefaults } from '../compute/check';
import { DDPMPP_DEFAULTS } from './ddpmpp';
import type { Network } from './network';
import { songUnet, type SongUnetConfig } from './song-unet';

/** NCSN++ beside DDPM++: random frequencies, a second image that shrinks beside the encoder, a smoother filter. */
export const NCSNPP_DEFAULTS: SongUnetConfig = {
  ...DDPMPP_DEFAULTS,
  channelMultNoise: 2,
  embedding: 'fourier',
  encoder: 'residual',
  filter: [1, 3, 3, 1],
};

/**
 * NCSN++ (Song et al. 2021, in EDM's configuration).
 * @throws ArgumentError for unknown keys, wrong types and sizes that do not divide.
 */
export const ncsnpp = (options: Partial<SongUnetConfig>): Network =>
  songUnet('ncsnpp', withDefaults('ncsnpp', options, NCSNPP_DEFAULTS));
