/*
 * EDM2's U-Net (Karras et al. 2024, configuration G), the paper's ImageNet-512 network. Parameter names are the
 * reference's. Axis letters: B batch, H W height and width, C channels, E embedding.
 */
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, expectShape, withDefaults } from '../compute/check';
import { attend, queriesKeysValues } from './attention';
import { dropout } from './layers';
import {
  gainSpec,
  mpConcat,
  mpConv,
  mpFourier,
  mpFourierSpec,
  mpLinear,
  mpSilu,
  mpSpec,
  mpSum,
  normalisePixels,
  normaliseWeight,
} from './magnitude-preserving';
import type { Network, NetworkInput } from './network';
import type { ParameterSpec, Tensors } from './parameters';
import { expectFilter, type Filter, resample } from './resample';
import { type Conditioning, SECOND } from './time-embedding';
import { type Block, expectHeads, expectSizes, LARGEST, unetPlan, type UnetSizes } from './unet-plan';

/** Options of EDM2's U-Net; the reference's names are model_channels, channel_mult, num_blocks, ... */
export type Edm2Config = UnetSizes & {
  /** 0: unconditional. */
  classes: number;
  /** Noise features as a multiple of modelChannels; 0: like the first resolution. */
  channelMultNoise: number;
  /** Embedding width as a multiple of modelChannels; 0: like the widest resolution. */
  channelMultEmb: number;
  /** Weight of the label against the noise level in the embedding, 0 to 1. */
  labelBalance: number;
  /** Weight of the kept output against the input of a decoder block. */
  concatBalance: number;
  /** Weight of a block's branch against its input. */
  resBalance: number;
  /** Weight of attention against its input. */
  attentionBalance: number;
  /** Channels of one attention head. */
  channelsPerHead: number;
  /** Activations are held within +-clip; 0: they are not. */
  clip: number;
  /** Row of the resampling filter. */
  filter: Filter;
  /** Noise features of the head that predicts the loss's log variance. */
  logvarChannels: number;
  /** Dropout rate in training mode. */
  dropout: number;
  /** The auxiliary's extra embedding of t. */
  secondTime: boolean;
};

/** The published networks for ImageNet-512 latents, size S, without labels. */
export const EDM2_DEFAULTS: Edm2Config = {
  resolution: 64,
  channels: 4,
  classes: 0,
  modelChannels: 192,
  channelMult: [1, 2, 3, 4],
  channelMultNoise: 0,
  channelMultEmb: 0,
  blocks: 3,
  attention: [16, 8],
  labelBalance: 0.5,
  concatBalance: 0.5,
  resBalance: 0.3,
  attentionBalance: 0.3,
  channelsPerHead: 64,
  clip: 256,
  filter: [1, 1],
  logvarChannels: 128,
  dropout: 0,
  secondTime: false,
};

const check = (config: Edm2Config): void => {
  expectSizes('edm2', config);
  expectInteger('edm2', 'classes', config.classes, { max: LARGEST.classes });
  for (const name of ['channelMultNoise', 'channelMultEmb'] as const)
    expectInteger('edm2', name, config[name], { max: LARGEST.multiplier });
  for (const name of ['channelsPerHead', 'logvarChannels'] as const)
    expectInteger('edm2', name, config[name], { min: 1, max: LARGEST.features });
  for (const name of ['labelBalance', 'concatBalance', 'resBalance', 'attentionBalance'] as const)
    expectNumber('edm2', name, config[name], { min: 0, max: 1 });
  expectNumber('edm2', 'clip', config.clip, { min: 0 });
  expectNumber('edm2', 'dropout', config.dropout, { min: 0, max: 0.999 });
  expectFilter('edm2', 'filter', config.filter);
};

const isEncoder = ({ name }: Block): boolean => /(^|\.)enc\./.test(name);

/** Parameters of a block under its name. */
const edm2BlockSpec = (block: Block, E: number): ParameterSpec[] => {
  const { name, from, to, heads } = block;
  return [
    ...gainSpec(`${name}.emb_gain`),
    ...mpSpec(`${name}.conv_res0`, isEncoder(block) ? to : from, to, 3),
    ...mpSpec(`${name}.emb_linear`, E, to, 0),
    ...mpSpec(`${name}.conv_res1`, to, to, 3),
    ...(from === to ? [] : mpSpec(`${name}.conv_skip`, from, to, 1)),
    ...(heads > 0 ? [...mpSpec(`${name}.attn_qkv`, to, 3 * to, 1), ...mpSpec(`${name}.attn_proj`, to, to, 1)] : []),
  ];
};

/** Cosine attention: queries, keys and values of every pixel and head have unit magnitude. */
const attention = (p: Tensors, name: string, x: tf.Tensor, heads: number): tf.Tensor => {
  const [B, H, W, C] = x.shape;
  const weight = tf.mul(normaliseWeight(p[`${name}.attn_qkv.weight`]), 1 / Math.sqrt(C));
  const pixels = tf.reshape<tf.Rank.R2>(x, [B * H * W, C]);
  const [q, k, v] = queriesKeysValues(pixels, weight, undefined, [B, H * W, heads]).map(
    part => normalisePixels(part) as tf.Tensor3D,
  );
  return mpConv(p, `${name}.attn_proj`, tf.reshape(attend(q, k, v, heads), [B, H, W, C]));
};

/** What a block needs of its network's options. */
type BlockOptions = Pick<Edm2Config, 'resBalance' | 'attentionBalance' | 'clip' | 'filter' | 'dropout'>;

/** x [B, H, W, from] and the embedding [B, E] to [B, H', W', to]; `noise` for dropout in training mode. */
export const edm2Block = (
  p: Tensors,
  block: Block,
  { resBalance, attentionBalance, clip, filter, dropout: rate }: BlockOptions,
  input: tf.Tensor,
  embedding: tf.Tensor,
  noise?: tf.Tensor,
): tf.Tensor => {
  const { name, from, to, heads } = block;
  const skip = (t: tf.Tensor): tf.Tensor => (from === to ? t : mpConv(p, `${name}.conv_skip`, t));
  let x = resample(input, block.resample, filter);
  if (isEncoder(block)) x = normalisePixels(skip(x));
  let y = mpConv(p, `${name}.conv_res0`, mpSilu(x));
  const scale = tf.add(mpLinear(p, `${name}.emb_linear`, embedding, p[`${name}.emb_gain`]), 1);
  y = mpSilu(tf.mul(y, tf.reshape(scale, [-1, 1, 1, to])));
  y = mpConv(p, `${name}.conv_res1`, dropout(y, rate, noise));
  x = mpSum(isEncoder(block) ? x : skip(x), y, resBalance);
  if (heads > 0) x = mpSum(x, attention(p, name, x, heads), attentionBalance);
  return clip > 0 ? tf.clipByValue(x, -clip, clip) : x;
};

/**
 * EDM2's embedding, [B] to [B, E]. The auxiliary adds E_t, the noise branch again for t without labels; both times share
 * the stored frequencies. [C] Its weight is used as it is: normalised, the first update of a silent start, however small,
 * would bring it to full magnitude, and psi far from theta.
 */
const embed = (
  p: Tensors,
  { classes, labelBalance }: Edm2Config,
  cNoise: tf.Tensor,
  { labels }: Conditioning,
  cNoiseT?: tf.Tensor,
): tf.Tensor => {
  let level = mpLinear(p, 'unet.emb_noise', mpFourier(p, 'unet.emb_fourier', cNoise));
  if (classes > 0) {
    const rows = labels ? tf.mul(labels, Math.sqrt(classes)) : tf.zeros([cNoise.shape[0], classes]);
    level = mpSum(level, mpLinear(p, 'unet.emb_label', rows), labelBalance);
  }
  const embedding = mpSilu(level);
  if (!cNoiseT) return embedding;
  const weight = p[`unet.emb_noise${SECOND}.weight`];
  const levelT = tf.matMul(mpFourier(p, 'unet.emb_fourier', cNoiseT), tf.mul(weight, 1 / Math.sqrt(weight.shape[0])));
  return tf.add(embedding, mpSilu(levelT));
};

/**
 * The raw network F(c_in x; c_noise) with its log-variance head, parameters named as in the reference's `Precond`.
 * @throws ArgumentError for unknown keys, wrong types and sizes that do not divide.
 */
export const edm2 = (options: Partial<Edm2Config>): Network => {
  const config = withDefaults('edm2', options, EDM2_DEFAULTS);
  check(config);
  const { resolution, channels, modelChannels, channelMult, classes, channelsPerHead, concatBalance } = config;
  const plan = unetPlan(config, {
    firstChannels: modelChannels * channelMult[0],
    heads: width => Math.floor(width / channelsPerHead),
    attendsInDecoder: () => true,
  });
  const blocks: Block[] = [...plan.encoder, ...plan.decoder];
  expectHeads('edm2', blocks);
  const n = modelChannels * (config.channelMultNoise || channelMult[0]);
  const E = modelChannels * (config.channelMultEmb || Math.max(...channelMult));
  const withPrefix = (block: Block): Block => ({ ...block, name: `unet.${block.name}` });
  return {
    config: { kind: 'edm2', ...config },
    sampleShape: [resolution, resolution, channels],
    classes,
    parameters: [
      ...gainSpec('unet.out_gain'),
      ...mpFourierSpec('unet.emb_fourier', n),
      ...mpSpec('unet.emb_noise', n, E, 0),
      ...(classes > 0 ? mpSpec('unet.emb_label', classes, E, 0) : []),
      ...mpSpec(`unet.${plan.first.name}`, channels + 1, plan.first.to, 3),
      ...blocks.flatMap(block => edm2BlockSpec(withPrefix(block), E)),
      ...mpSpec('unet.out_conv', plan.channels, channels, 3),
      ...mpFourierSpec('logvar_fourier', config.logvarChannels),
      ...mpSpec('logvar_linear', config.logvarChannels, 1, 0),
      ...(config.secondTime ? mpSpec(`unet.emb_noise${SECOND}`, n, E, 0) : []),
    ],
    dropout:
      config.dropout > 0 ? blocks.map(({ name, resolution: r, to }) => ({ name, shape: [r, r, to] as const })) : [],
    apply: (p: Tensors, { x, cNoise, cNoiseT, conditioning, dropoutNoise }: NetworkInput): tf.Tensor => {
      expectShape('edm2', 'x', x, [-1, resolution, resolution, channels]);
      const emb = embed(p, config, cNoise, conditioning, cNoiseT);
      const run = (block: Block, h: tf.Tensor): tf.Tensor =>
        tf.tidy(() => edm2Block(p, withPrefix(block), config, h, emb, dropoutNoise?.[block.name])); // intermediates go
      const one = tf.ones([x.shape[0], resolution, resolution, 1]); // in place of biases
      let h = mpConv(p, `unet.${plan.first.name}`, tf.concat([x, one], 3));
      const skips = [h];
      for (const block of plan.encoder) skips.push((h = run(block, h)));
      for (const block of plan.decoder) h = run(block, block.skip ? mpConcat(h, skips.pop()!, concatBalance) : h);
      return mpConv(p, 'unet.out_conv', h, p['unet.out_gain']);
    },
    logvar: (p: Tensors, cNoise: tf.Tensor): tf.Tensor =>
      tf.reshape(mpLinear(p, 'logvar_linear', mpFourier(p, 'logvar_fourier', cNoise)), [-1]),
    normalisedWeights: (p: Tensors): Tensors =>
      Object.fromEntries(
        Object.entries(p).map(([name, w]) => [
          name,
          name.endsWith('.weight') && !name.endsWith(`${SECOND}.weight`) ? normaliseWeight(w) : w,
        ]),
      ),
  };
};
