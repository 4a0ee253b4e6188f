/*
 * ADM (Dhariwal & Nichol 2021; DhariwalUNet of Karras et al. 2022), the paper's ImageNet-64 network. Parameter names are
 * the reference's. Axis letters: B batch, H W height and width, C channels, E embedding.
 */
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, expectShape, fail, withDefaults } from '../compute/check';
import { type BlockStyle, edmBlock, edmBlockSpec } from './edm-block';
import { expectGroups, groupNorm } from './group-norm';
import { conv, convSpec, kaiming, type LayerInit, linear, linearSpec, normSpec, silu } from './layers';
import type { Network, NetworkInput } from './network';
import { positionalFeatures } from './noise-features';
import type { ParameterSpec, Tensors } from './parameters';
import { type Conditioning, SECOND } from './time-embedding';
import { type Block, expectHeads, expectSizes, LARGEST, unetPlan, type UnetSizes } from './unet-plan';

/** Options of ADM; the reference's names are model_channels, channel_mult, num_blocks, ... */
export type AdmConfig = UnetSizes & {
  /** 0: unconditional. */
  classes: number;
  /** Augmentation label size, 0: none. */
  augmentDim: number;
  /** Embedding width as a multiple of modelChannels. */
  channelMultEmb: number;
  /** Of the result; 0: as many as the image has. */
  outChannels: number;
  /** Dropout rate in training mode. */
  dropout: number;
  /** The auxiliary's extra embedding of t. */
  secondTime: boolean;
};

/** EDM's configuration for ImageNet-64, without its labels. */
export const ADM_DEFAULTS: AdmConfig = {
  resolution: 64,
  channels: 3,
  classes: 0,
  augmentDim: 0,
  modelChannels: 192,
  channelMult: [1, 2, 3, 4],
  channelMultEmb: 4,
  blocks: 3,
  attention: [32, 16, 8],
  outChannels: 0,
  dropout: 0.1,
  secondTime: false,
};

const EPS = 1e-5;
const CHANNELS_PER_HEAD = 64;
const PLAIN = kaiming(Math.sqrt(1 / 3));
const ZERO = kaiming(0);

/** Kaiming-normal times sqrt(classes): the factor that SongUNet applies to its labels at run time. */
const labelInit =
  (classes: number): LayerInit =>
  fanIn => ({ weight: { kind: 'normal', scale: Math.sqrt(classes / fanIn) }, bias: { kind: 'constant', value: 0 } });

const branchSpec = (ending: string, n: number, E: number): ParameterSpec[] => [
  ...linearSpec(`model.map_layer0${ending}`, n, E, { init: PLAIN }),
  ...linearSpec(`model.map_layer1${ending}`, E, E, { init: PLAIN }),
];

const embeddingSpec = ({ classes, augmentDim, modelChannels: n, channelMultEmb }: AdmConfig): ParameterSpec[] => [
  ...(augmentDim ? linearSpec('model.map_augment', augmentDim, n, { init: ZERO, bias: false }) : []),
  ...branchSpec('', n, n * channelMultEmb),
  ...(classes
    ? linearSpec('model.map_label', classes, n * channelMultEmb, { init: labelInit(classes), bias: false })
    : []),
];

/**
 * ADM's embedding, [B] to [B, E]: labels enter after the two layers, before the last SiLU. The auxiliary adds E_t, the
 * same two layers and SiLU for t without labels.
 */
const embed = (
  p: Tensors,
  { classes, augmentDim, modelChannels }: AdmConfig,
  cNoise: tf.Tensor,
  { labels, augment }: Conditioning,
  cNoiseT?: tf.Tensor,
): tf.Tensor => {
  const features = (c: tf.Tensor): tf.Tensor => positionalFeatures(c, modelChannels, { endpoint: false });
  const layers = (ending: string, input: tf.Tensor): tf.Tensor =>
    linear(p, `model.map_layer1${ending}`, silu(linear(p, `model.map_layer0${ending}`, input)));
  const input = features(cNoise);
  const told = augmentDim && augment ? tf.add(input, linear(p, 'model.map_augment', augment)) : input;
  const plain = layers('', told);
  const embedding = silu(classes && labels ? tf.add(plain, linear(p, 'model.map_label', labels)) : plain);
  return cNoiseT ? tf.add(embedding, silu(layers(SECOND, features(cNoiseT)))) : embedding;
};

/**
 * The raw network F(c_in x; c_noise), parameters named as in the reference's `EDMPrecond.model`. Layers of fewer than 64
 * channels have no attention, also where it is asked for.
 * @throws ArgumentError for unknown keys, wrong types and sizes that do not divide.
 */
export const adm = (options: Partial<AdmConfig>): Network => {
  const config = withDefaults('adm', options, ADM_DEFAULTS);
  expectSizes('adm', config);
  const { resolution, channels, modelChannels, classes, secondTime } = config;
  expectInteger('adm', 'classes', config.classes, { max: LARGEST.classes });
  for (const name of ['augmentDim', 'outChannels'] as const)
    expectInteger('adm', name, config[name], { max: LARGEST.channels });
  expectInteger('adm', 'channelMultEmb', config.channelMultEmb, { min: 1, max: LARGEST.multiplier });
  expectNumber('adm', 'dropout', config.dropout, { min: 0, max: 0.999 });
  if (modelChannels % 4 !== 0) fail('adm', 'modelChannels', 'a multiple of 4', modelChannels);
  const plan = unetPlan(config, {
    firstChannels: modelChannels * config.channelMult[0],
    heads: width => Math.floor(width / CHANNELS_PER_HEAD),
    attendsInDecoder: () => true,
  });
  const blocks: Block[] = [...plan.encoder, ...plan.decoder];
  expectGroups('adm', blocks);
  expectHeads('adm', blocks);
  const E = modelChannels * config.channelMultEmb;
  const style: BlockStyle = {
    embedding: E,
    eps: EPS,
    skipScale: 1,
    adaptiveScale: true,
    resampleProjection: false,
    filter: [1, 1],
    dropout: config.dropout,
    init: { plain: PLAIN, last: ZERO, attention: PLAIN },
  };
  const withPrefix = (block: Block): Block => ({ ...block, name: `model.${block.name}` });
  return {
    config: { kind: 'adm', ...config },
    sampleShape: [resolution, resolution, channels],
    classes,
    parameters: [
      ...embeddingSpec(config),
      ...convSpec(`model.${plan.first.name}`, channels, plan.first.to, 3, PLAIN),
      ...blocks.flatMap(block => edmBlockSpec(withPrefix(block), style)),
      ...normSpec('model.out_norm', plan.channels),
      ...convSpec('model.out_conv', plan.channels, config.outChannels || channels, 3, ZERO),
      ...(secondTime ? branchSpec(SECOND, modelChannels, E) : []),
    ],
    dropout:
      config.dropout > 0 ? blocks.map(({ name, resolution: r, to }) => ({ name, shape: [r, r, to] as const })) : [],
    apply: (p: Tensors, { x, cNoise, cNoiseT, conditioning, dropoutNoise }: NetworkInput): tf.Tensor => {
      expectShape('adm', 'x', x, [-1, resolution, resolution, channels]);
      const emb = embed(p, config, cNoise, conditioning, cNoiseT);
      const run = (block: Block, h: tf.Tensor): tf.Tensor =>
        tf.tidy(() => edmBlock(p, withPrefix(block), style, h, emb, dropoutNoise?.[block.name])); // intermediates go
      let h = conv(p, `model.${plan.first.name}`, x);
      const skips = [h];
      for (const block of plan.encoder) skips.push((h = run(block, h)));
      for (const block of plan.decoder) h = run(block, block.skip ? tf.concat([h, skips.pop()!], 3) : h);
      return conv(p, 'model.out_conv', groupNorm(p, 'model.out_norm', h, { eps: EPS, activation: true }));
    },
  };
};
