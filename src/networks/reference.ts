/* Denoisers by the names and constructor arguments of the reference (github.com/NVlabs/edm, edm2), as its files hold them. */
import { expectKeys, fail, unknownName } from '../compute/check';
import type { Denoiser } from './denoiser';
import { denoiserFromConfig } from './registry';

type Kwargs = Record<string, unknown>;

/** For each argument of the reference our option, or null where it changes nothing about D in float32 evaluation. */
type Names = Record<string, string | null>;

const SHARED: Names = {
  img_resolution: 'resolution',
  img_channels: 'channels',
  label_dim: 'classes',
  model_channels: 'modelChannels',
  channel_mult: 'channelMult',
  channel_mult_emb: 'channelMultEmb',
  num_blocks: 'blocks',
  attn_resolutions: 'attention',
  dropout: 'dropout',
  use_fp16: null,
  label_dropout: null,
};

const SONG: Names = {
  ...SHARED,
  augment_dim: 'augmentDim',
  embedding_type: 'embedding',
  channel_mult_noise: 'channelMultNoise',
  encoder_type: 'encoder',
  decoder_type: 'decoder',
  resample_filter: 'filter',
};

const ADM: Names = { ...SHARED, augment_dim: 'augmentDim' };

const EDM2: Names = {
  ...SHARED,
  channel_mult_noise: 'channelMultNoise',
  label_balance: 'labelBalance',
  concat_balance: 'concatBalance',
  res_balance: 'resBalance',
  attn_balance: 'attentionBalance',
  channels_per_head: 'channelsPerHead',
  clip_act: 'clip',
  resample_filter: 'filter',
  logvar_channels: 'logvarChannels',
};

/** The reference's own defaults, where they differ from those of our networks. */
const DEFAULTS: Record<string, Kwargs> = {
  ddpmpp: { channelMult: [1, 2, 2, 2], dropout: 0.1 },
  ncsnpp: {
    channelMult: [1, 2, 2, 2],
    dropout: 0.1,
    channelMultNoise: 1,
    encoder: 'standard',
    filter: [1, 1],
  },
  adm: {},
  edm2: {},
};

/** A class of the reference: its preconditioning, the arguments that belong to it, and the network it builds by default. */
type Class = { kind: string; names: Names; model?: 'SongUNet' | 'DhariwalUNet' };

const RANGE: Names = { sigma_min: 'sigmaMin', sigma_max: 'sigmaMax' };

const CLASSES: Record<string, Class> = {
  EDMPrecond: { kind: 'edm', names: { ...RANGE, sigma_data: 'sigmaData' }, model: 'DhariwalUNet' },
  VPPrecond: {
    kind: 'vp',
    names: { beta_d: 'betaD', beta_min: 'betaMin', M: 'M', epsilon_t: 'epsilonT' },
    model: 'SongUNet',
  },
  VEPrecond: { kind: 've', names: RANGE, model: 'SongUNet' },
  iDDPMPrecond: { kind: 'iddpm', names: { C_1: 'c1', C_2: 'c2', M: 'M' }, model: 'DhariwalUNet' },
  Precond: { kind: 'edm', names: { sigma_data: 'sigmaData' } }, // EDM2's
};

/** The arguments of a class that may be given by position, in the order of its signature. */
const signatureOf = ({ names, model }: Class): string[] => [
  ...['img_resolution', 'img_channels', 'label_dim', 'use_fp16'],
  ...Object.keys(names),
  model === undefined ? 'logvar_channels' : 'model_type',
];

/** All arguments by name. */
const withPositional = (className: string, kwargs: Kwargs, args: readonly unknown[]): Kwargs => {
  const signature = signatureOf(CLASSES[className]);
  if (args.length > signature.length)
    fail('denoiserFromReference', 'initArgs', `at most ${signature.length} arguments of ${className}`, args.length);
  const positional = Object.fromEntries(args.map((value, i) => [signature[i], value]));
  const twice = Object.keys(positional).find(key => Object.hasOwn(kwargs, key));
  if (twice !== undefined) fail('denoiserFromReference', twice, 'given once, by position or by name', kwargs[twice]);
  return { ...positional, ...kwargs };
};

/** Our options for the reference's arguments; an argument of null is the reference's way to say "its default". */
const translate = (kwargs: Kwargs, names: Names): Kwargs => {
  const options: Kwargs = {};
  for (const [key, name] of Object.entries(names)) {
    const value = kwargs[key];
    if (name === null || value === undefined) continue;
    options[name] = value === null && key === 'clip_act' ? 0 : (value ?? undefined); // no clipping
  }
  return options;
};

/**
 * The denoiser that the reference's class `className` (EDMPrecond, VPPrecond, VEPrecond, iDDPMPrecond, or EDM2's Precond,
 * with or without a module's name before it) would be, built with the keyword arguments `initKwargs`: a snapshot's
 * `_init_kwargs`. Arguments given by position (`_init_args`) are those of the class's signature, in its order; what is
 * left out has the reference's defaults.
 * @throws ArgumentError for an unknown class, network or argument and for values that do not fit.
 */
export const denoiserFromReference = (
  className: string,
  initKwargs: Record<string, unknown>,
  initArgs: readonly unknown[] = [],
): Denoiser => {
  const where = 'denoiserFromReference';
  const name = className.split('.').pop()!;
  if (!Object.hasOwn(CLASSES, name)) throw unknownName(where, 'class', className, Object.keys(CLASSES));
  const { kind: preconditioning, names, model } = CLASSES[name];
  const { model_type: modelType = model, ...kwargs }: Kwargs = withPositional(name, initKwargs, initArgs);
  let [kind, known]: [string, Names] = ['edm2', EDM2];
  if (modelType === 'SongUNet') [kind, known] = [kwargs.embedding_type === 'fourier' ? 'ncsnpp' : 'ddpmpp', SONG];
  else if (modelType === 'DhariwalUNet') [kind, known] = ['adm', ADM];
  else if (modelType !== undefined) fail(where, 'model_type', `'SongUNet' or 'DhariwalUNet'`, modelType);
  if ((model === undefined) !== (kind === 'edm2')) fail(where, 'model_type', `absent for ${className}`, modelType);
  expectKeys(where, kwargs, [...Object.keys(known), ...Object.keys(names), 'model_type']);
  const outChannels = preconditioning === 'iddpm' ? { outChannels: 2 * Number(kwargs.img_channels) } : {};
  for (const required of ['img_resolution', 'img_channels'])
    if (kwargs[required] === undefined) fail(where, required, 'given', undefined);
  return denoiserFromConfig({
    ...DEFAULTS[kind],
    ...translate(kwargs, known),
    ...outChannels,
    kind,
    preconditioning: { kind: preconditioning, ...translate(kwargs, names) },
  });
};
