import { unknownName } from '../compute/check';
import type { Denoiser } from './denoiser';
import { denoiserFromConfig } from './registry';

/** Architectures of Karras et al. 2022 (EDM) and 2024 (EDM2), with EDM's preconditioning. */
const VP = { kind: 'ddpmpp', augmentDim: 9 };
const VE = { kind: 'ncsnpp', augmentDim: 9 };
const ADM = { kind: 'adm' };
const EDM2 = { kind: 'edm2', classes: 1000 };
const SMALL = { resolution: 32, channels: 3, modelChannels: 128, channelMult: [2, 2, 2] };
const LARGE = { resolution: 64, channels: 3, modelChannels: 128, channelMult: [1, 2, 2, 2] };
const LATENT = { resolution: 64, channels: 4 }; // of a 512 x 512 image
const PIXELS = { resolution: 64, channels: 3 };

/** The published teachers by the names of their files, options that differ from the defaults of their architecture. */
// prettier-ignore
const PUBLISHED = {
  'edm-cifar10-32x32-uncond-vp':   { ...VP,   ...SMALL,                                    dropout: 0.13 },
  'edm-cifar10-32x32-uncond-ve':   { ...VE,   ...SMALL,                                    dropout: 0.13 },
  'edm-cifar10-32x32-cond-vp':     { ...VP,   ...SMALL,  classes: 10,                      dropout: 0.13 },
  'edm-cifar10-32x32-cond-ve':     { ...VE,   ...SMALL,  classes: 10,                      dropout: 0.13 },
  'edm-ffhq-64x64-uncond-vp':      { ...VP,   ...LARGE,                                    dropout: 0.05 },
  'edm-ffhq-64x64-uncond-ve':      { ...VE,   ...LARGE,                                    dropout: 0.05 },
  'edm-afhqv2-64x64-uncond-vp':    { ...VP,   ...LARGE,                                    dropout: 0.25 },
  'edm-afhqv2-64x64-uncond-ve':    { ...VE,   ...LARGE,                                    dropout: 0.25 },
  'edm-imagenet-64x64-cond-adm':   { ...ADM,  ...PIXELS, classes: 1000, modelChannels: 192, dropout: 0.1 },
  'edm2-img512-xs':                { ...EDM2, ...LATENT,                modelChannels: 128, dropout: 0   },
  'edm2-img512-s':                 { ...EDM2, ...LATENT,                modelChannels: 192, dropout: 0   },
  'edm2-img512-m':                 { ...EDM2, ...LATENT,                modelChannels: 256, dropout: 0.1 },
  'edm2-img512-l':                 { ...EDM2, ...LATENT,                modelChannels: 320, dropout: 0.1 },
  'edm2-img512-xl':                { ...EDM2, ...LATENT,                modelChannels: 384, dropout: 0.1 },
  'edm2-img512-xxl':               { ...EDM2, ...LATENT,                modelChannels: 448, dropout: 0.1 },
  'edm2-img64-s':                  { ...EDM2, ...PIXELS,                modelChannels: 192, dropout: 0   },
  'edm2-img64-m':                  { ...EDM2, ...PIXELS,                modelChannels: 256, dropout: 0.1 },
  'edm2-img64-l':                  { ...EDM2, ...PIXELS,                modelChannels: 320, dropout: 0.1 },
  'edm2-img64-xl':                 { ...EDM2, ...PIXELS,                modelChannels: 384, dropout: 0.1 },
} as const;

/** A published network of EDM or EDM2, by the name of its file. */
export type PublishedName = keyof typeof PUBLISHED;
/** The published networks of EDM and EDM2, by the names of their files. */
export const PUBLISHED_NAMES = Object.keys(PUBLISHED) as PublishedName[];

/**
 * The network of a published teacher, without weights: `publishedDenoiser('edm-cifar10-32x32-uncond-vp')`.
 * @throws ArgumentError for an unknown name.
 */
export const publishedDenoiser = (name: PublishedName): Denoiser => {
  if (!Object.hasOwn(PUBLISHED, name)) throw unknownName('publishedDenoiser', 'network', name, PUBLISHED_NAMES);
  return denoiserFromConfig(PUBLISHED[name]);
};
