/*
 * DDPM++ (SongUNet of Karras et al. 2022 with standard encoder and decoder; Song et al. 2021), the paper's CIFAR-10
 * network. Parameter names are the reference's. Axis letters: B batch, H W height and width, C channels, E embedding.
 */
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, expectShape, fail, withDefaults } from '../compute/check';
import { attention, attentionSpec } from './attention';
import { groupNorm, groupsOf } from './group-norm';
import { conv, convSpec, dropout, linear, linearSpec, normSpec } from './layers';
import type { ParameterSpec, Tensors } from './parameters';
import { downsample, upsample } from './resample';
import { type EmbeddingConfig, embeddingSpec, secondTimeSpec, timeEmbedding } from './time-embedding';
import type { Network, NetworkInput } from './network';

/** Options of DDPM++; the reference's names are model_channels, channel_mult, num_blocks, ... */
export type DdpmppConfig = {
  resolution: number; // image height and width, pixels
  channels: number; // image channels
  classes: number; // 0: unconditional
  augmentDim: number; // augmentation label size, 0: none
  modelChannels: number; // channels at full resolution are this times channelMult[0]
  channelMult: readonly number[]; // channel multiplier of each resolution, halving from one to the next
  channelMultEmb: number; // embedding width as a multiple of modelChannels
  blocks: number; // residual blocks a resolution
  attention: readonly number[]; // resolutions with self-attention
  dropout: number; // dropout rate in training mode
  secondTime: boolean; // the auxiliary's extra embedding of t
};

export const DDPMPP_DEFAULTS: DdpmppConfig = {
  resolution: 32,
  channels: 3,
  classes: 0,
  augmentDim: 0,
  modelChannels: 128,
  channelMult: [2, 2, 2],
  channelMultEmb: 4,
  blocks: 4,
  attention: [16],
  dropout: 0.13,
  secondTime: false,
};

const EPS = 1e-6;
const SKIP_SCALE = Math.SQRT1_2;

/** One residual block of the plan. */
type Block = {
  name: string;
  from: number; // input channels, skip included
  to: number; // output channels
  resample?: 'up' | 'down';
  attention: boolean;
  resolution: number; // of the output
};

/** The whole network as a list of blocks, from which its parameters and its evaluation both follow. */
type Plan = {
  first: string;
  encoder: Block[];
  decoder: (Block & { skip: boolean })[];
  output: string;
  channels: number;
};

const planOf = ({ resolution, modelChannels, channelMult, blocks, attention: at }: DdpmppConfig): Plan => {
  const encoder: Block[] = [];
  let channels = modelChannels;
  const skips = [channels];
  channelMult.forEach((mult, level) => {
    const res = resolution >> level;
    const push = (block: Omit<Block, 'from' | 'resolution'>): void => {
      encoder.push({ ...block, from: channels, resolution: res });
      channels = block.to;
      skips.push(channels);
    };
    if (level > 0) push({ name: `enc.${res}x${res}_down`, to: channels, resample: 'down', attention: false });
    for (let i = 0; i < blocks; i++)
      push({ name: `enc.${res}x${res}_block${i}`, to: modelChannels * mult, attention: at.includes(res) });
  });
  const decoder: Plan['decoder'] = [];
  [...channelMult.keys()].reverse().forEach(level => {
    const res = resolution >> level;
    const push = (name: string, to: number, rest: Partial<Block> = {}, skip = 0): void => {
      const block = { name: `dec.${res}x${res}_${name}`, from: channels + skip, to, attention: false, resolution: res };
      decoder.push({ ...block, ...rest, skip: skip > 0 });
      channels = to;
    };
    if (level === channelMult.length - 1) {
      push('in0', channels, { attention: true });
      push('in1', channels);
    } else push('up', channels, { resample: 'up' });
    for (let i = 0; i <= blocks; i++) {
      const last = i === blocks && at.includes(res);
      push(`block${i}`, modelChannels * channelMult[level], { attention: last }, skips.pop());
    }
  });
  const full = `${resolution}x${resolution}`;
  return { first: `enc.${full}_conv`, encoder, decoder, output: `dec.${full}_aux`, channels };
};

const hasSkip = ({ from, to, resample }: Block): boolean => from !== to || resample !== undefined;

const blockSpec = (block: Block, E: number): ParameterSpec[] => {
  const { name, from, to } = block;
  return [
    ...normSpec(`${name}.norm0`, from),
    ...convSpec(`${name}.conv0`, from, to, 3),
    ...linearSpec(`${name}.affine`, E, to),
    ...normSpec(`${name}.norm1`, to),
    ...convSpec(`${name}.conv1`, to, to, 3, 1e-5),
    ...(hasSkip(block) ? convSpec(`${name}.skip`, from, to, 1) : []),
    ...(block.attention ? attentionSpec(name, to) : []),
  ];
};

/** Residual block: x [B, H, W, from], embedding [B, E] to [B, H', W', to]. */
const residual = (
  p: Tensors,
  block: Block,
  x: tf.Tensor,
  embedding: tf.Tensor,
  rate: number,
  noise?: tf.Tensor,
): tf.Tensor => {
  const { name } = block;
  const change = block.resample === 'up' ? upsample : block.resample === 'down' ? downsample : (t: tf.Tensor) => t;
  let h = conv(p, `${name}.conv0`, change(groupNorm(p, `${name}.norm0`, x, { eps: EPS, activation: true })));
  const shift = tf.reshape(linear(p, `${name}.affine`, embedding), [-1, 1, 1, block.to]);
  h = groupNorm(p, `${name}.norm1`, tf.add(h, shift), { eps: EPS, activation: true });
  h = conv(p, `${name}.conv1`, dropout(h, rate, noise));
  const skip = hasSkip(block) ? conv(p, `${name}.skip`, change(x)) : x;
  const out = tf.mul(tf.add(h, skip), SKIP_SCALE);
  return block.attention ? tf.mul(tf.add(attention(p, name, out, 1), out), SKIP_SCALE) : out;
};

const check = (config: DdpmppConfig): void => {
  const where = 'ddpmpp';
  const counts = ['resolution', 'channels', 'modelChannels', 'channelMultEmb', 'blocks'] as const;
  for (const name of counts) expectInteger(where, name, config[name], { min: 1 });
  expectInteger(where, 'classes', config.classes);
  expectInteger(where, 'augmentDim', config.augmentDim);
  expectNumber(where, 'dropout', config.dropout, { min: 0, max: 0.999 });
  const { resolution, channelMult, modelChannels } = config;
  if (channelMult.length === 0 || resolution % 2 ** (channelMult.length - 1) !== 0)
    fail(
      where,
      'resolution',
      `divisible by 2^${channelMult.length - 1} for ${channelMult.length} resolutions`,
      resolution,
    );
  if (modelChannels % 4 !== 0) fail(where, 'modelChannels', 'a multiple of 4', modelChannels);
  for (const mult of channelMult) expectInteger(where, 'channelMult', mult, { min: 1 });
  const { encoder, decoder } = planOf(config);
  for (const width of [...encoder, ...decoder].flatMap(block => [block.from, block.to]))
    if (width % groupsOf(width) !== 0)
      fail(where, 'channels of a block', `divisible into ${groupsOf(width)} groups`, width);
};

/**
 * The raw network F(c_in x; c_noise), parameters named as in the reference's `EDMPrecond.model`.
 * @throws ArgumentError for unknown keys, wrong types and sizes that do not divide.
 */
export const ddpmpp = (options: Partial<DdpmppConfig>): Network => {
  const config = withDefaults('ddpmpp', options, DDPMPP_DEFAULTS);
  check(config);
  const { resolution, channels, modelChannels, classes, augmentDim, secondTime } = config;
  const plan = planOf(config);
  const embeddingChannels = modelChannels * config.channelMultEmb;
  const embedding: EmbeddingConfig = {
    noiseChannels: modelChannels,
    embeddingChannels,
    classes,
    augmentDim,
    secondTime,
    timeScale: 1,
  };
  const blocks: Block[] = [...plan.encoder, ...plan.decoder];
  return {
    config: { kind: 'ddpmpp', ...config },
    sampleShape: [resolution, resolution, channels],
    classes,
    parameters: [
      ...embeddingSpec('model.', embedding),
      ...convSpec(`model.${plan.first}`, channels, modelChannels, 3),
      ...blocks.flatMap(block => blockSpec({ ...block, name: `model.${block.name}` }, embeddingChannels)),
      ...normSpec(`model.${plan.output}_norm`, plan.channels),
      ...convSpec(`model.${plan.output}_conv`, plan.channels, channels, 3, 1e-5),
      ...secondTimeSpec('model.', embedding),
    ],
    dropout:
      config.dropout > 0 ? blocks.map(({ name, resolution: r, to }) => ({ name, shape: [r, r, to] as const })) : [],
    apply: (p: Tensors, { x, cNoise, cNoiseT, conditioning, dropoutNoise }: NetworkInput): tf.Tensor => {
      expectShape('ddpmpp', 'x', x, [-1, resolution, resolution, channels]);
      const emb = timeEmbedding(p, 'model.', embedding, cNoise, conditioning, cNoiseT);
      const run = (block: Block, h: tf.Tensor): tf.Tensor =>
        residual(p, { ...block, name: `model.${block.name}` }, h, emb, config.dropout, dropoutNoise?.[block.name]);
      let h = conv(p, `model.${plan.first}`, x);
      const skips = [h];
      for (const block of plan.encoder) skips.push((h = run(block, h)));
      for (const block of plan.decoder) h = run(block, block.skip ? tf.concat([h, skips.pop()!], 3) : h);
      h = groupNorm(p, `model.${plan.output}_norm`, h, { eps: EPS, activation: true });
      return conv(p, `model.${plan.output}_conv`, h);
    },
  };
};
