/*
 * SongUNet of Karras et al. 2022: the U-Net of Song et al. 2021 in its variants, DDPM++ (standard encoder and decoder)
 * and NCSN++ (residual encoder) among them. Parameter names are the reference's.
 * Axis letters: B batch, H W height and width, C channels, E embedding.
 */
import * as tf from '@tensorflow/tfjs-core';
import { expectInteger, expectNumber, expectOneOf, expectShape, fail } from '../compute/check';
import { type BlockStyle, edmBlock, edmBlockSpec } from './edm-block';
import { expectGroups, groupNorm } from './group-norm';
import { conv, convSpec, normSpec, xavier } from './layers';
import type { Network, NetworkInput } from './network';
import type { ParameterSpec, Tensors } from './parameters';
import { expectFilter, type Filter, resample } from './resample';
import { type EmbeddingConfig, embeddingSpec, secondTimeSpec, timeEmbedding } from './time-embedding';
import { type Block, expectSizes, LARGEST, unetPlan, type UnetSizes } from './unet-plan';

/** Options of SongUNet; the reference's names are model_channels, channel_mult, num_blocks, encoder_type, ... */
export type SongUnetConfig = UnetSizes & {
  /** 0: unconditional. */
  classes: number;
  /** Augmentation label size, 0: none. */
  augmentDim: number;
  /** Embedding width as a multiple of modelChannels. */
  channelMultEmb: number;
  /** Noise features as a multiple of modelChannels. */
  channelMultNoise: number;
  /** Noise features: fixed frequencies, or a stored table of random ones. */
  embedding: 'positional' | 'fourier';
  /** What a second, progressively smaller image does for the encoder. */
  encoder: 'standard' | 'skip' | 'residual';
  /** Skip: an image at every resolution, added up. */
  decoder: 'standard' | 'skip';
  /** Row of the resampling filter, [1, 1] or [1, 3, 3, 1]. */
  filter: Filter;
  /** Of the result; 0: as many as the image has. */
  outChannels: number;
  /** Dropout rate in training mode. */
  dropout: number;
  /** The auxiliary's extra embedding of t. */
  secondTime: boolean;
};

const EPS = 1e-6;

const check = (where: string, config: SongUnetConfig): void => {
  expectSizes(where, config);
  const { modelChannels } = config;
  expectInteger(where, 'classes', config.classes, { max: LARGEST.classes });
  for (const name of ['augmentDim', 'outChannels'] as const)
    expectInteger(where, name, config[name], { max: LARGEST.channels });
  for (const name of ['channelMultEmb', 'channelMultNoise'] as const)
    expectInteger(where, name, config[name], { min: 1, max: LARGEST.multiplier });
  expectOneOf(where, 'embedding', config.embedding, ['positional', 'fourier']);
  expectOneOf(where, 'encoder', config.encoder, ['standard', 'skip', 'residual']);
  expectOneOf(where, 'decoder', config.decoder, ['standard', 'skip']);
  expectFilter(where, 'filter', config.filter);
  expectNumber(where, 'dropout', config.dropout, { min: 0, max: 0.999 });
  if (modelChannels % 4 !== 0) fail(where, 'modelChannels', 'a multiple of 4', modelChannels);
};

/** Name of the auxiliary image's layers at a block's resolution: `enc.8x8_aux`. */
const auxOf = ({ name, resolution }: Block): string => `${name.slice(0, 3)}.${resolution}x${resolution}_aux`;

/**
 * The raw network F(c_in x; c_noise), parameters named as in the reference's `EDMPrecond.model`.
 * @throws ArgumentError for wrong sizes and sizes that do not divide.
 */
export const songUnet = (kind: string, config: SongUnetConfig): Network => {
  check(kind, config);
  const { resolution, channels, modelChannels, classes, augmentDim, secondTime, filter, encoder, decoder } = config;
  const outChannels = config.outChannels || channels;
  const plan = unetPlan(config, {
    firstChannels: modelChannels,
    heads: () => 1,
    attendsInDecoder: block => block === config.blocks, // the last of a resolution
  });
  const blocks: Block[] = [...plan.encoder, ...plan.decoder];
  expectGroups(kind, blocks);
  const embedding: EmbeddingConfig = {
    features: config.embedding,
    noiseChannels: modelChannels * config.channelMultNoise,
    embeddingChannels: modelChannels * config.channelMultEmb,
    classes,
    augmentDim,
    secondTime,
    timeScale: 1,
  };
  const style: BlockStyle = {
    embedding: embedding.embeddingChannels,
    eps: EPS,
    skipScale: Math.SQRT1_2,
    adaptiveScale: false,
    resampleProjection: true,
    filter,
    dropout: config.dropout,
    init: { plain: xavier(), last: xavier(1e-5), attention: xavier(Math.sqrt(0.2)) },
  };
  /** Where the decoder gives an image: after the last block of a resolution, of the first only unless it is `skip`. */
  const givesImage = (i: number): boolean => {
    const { resolution: res } = plan.decoder[i];
    return plan.decoder[i + 1]?.resolution !== res && (decoder === 'skip' || res === resolution);
  };
  const auxSpec = (block: Block, imageChannels: number): ParameterSpec[] => {
    if (block.resample !== 'down' || encoder === 'standard') return [];
    const [layer, k] = encoder === 'skip' ? ['skip', 1] : ['residual', 3];
    return convSpec(`model.${auxOf(block)}_${layer}`, imageChannels, block.to, k);
  };
  const withPrefix = (block: Block): Block => ({ ...block, name: `model.${block.name}` });
  /** The residual encoder's second image has had as many channels as the encoder since its last change of resolution. */
  const imageChannels = (i: number): number => {
    if (encoder === 'skip') return channels;
    const previous = plan.encoder.slice(0, i).filter(block => block.resample === 'down');
    return previous[previous.length - 1]?.to ?? channels;
  };
  return {
    config: { kind, ...config },
    sampleShape: [resolution, resolution, channels],
    classes,
    parameters: [
      ...embeddingSpec('model.', embedding),
      ...convSpec(`model.${plan.first.name}`, channels, plan.first.to, 3),
      ...plan.encoder.flatMap((block, i) => [
        ...edmBlockSpec(withPrefix(block), style),
        ...auxSpec(block, imageChannels(i)),
      ]),
      ...plan.decoder.flatMap((block, i) => [
        ...edmBlockSpec(withPrefix(block), style),
        ...(givesImage(i)
          ? [
              ...normSpec(`model.${auxOf(block)}_norm`, block.to),
              ...convSpec(`model.${auxOf(block)}_conv`, block.to, outChannels, 3, xavier(1e-5)),
            ]
          : []),
      ]),
      ...secondTimeSpec('model.', embedding),
    ],
    dropout:
      config.dropout > 0 ? blocks.map(({ name, resolution: r, to }) => ({ name, shape: [r, r, to] as const })) : [],
    apply: (p: Tensors, { x, cNoise, cNoiseT, conditioning, dropoutNoise }: NetworkInput): tf.Tensor => {
      expectShape(kind, 'x', x, [-1, resolution, resolution, channels]);
      const emb = timeEmbedding(p, 'model.', embedding, cNoise, conditioning, cNoiseT);
      const run = (block: Block, h: tf.Tensor): tf.Tensor =>
        tf.tidy(() => edmBlock(p, withPrefix(block), style, h, emb, dropoutNoise?.[block.name])); // intermediates go
      let h = conv(p, `model.${plan.first.name}`, x);
      let image = x; // the second image: the input made smaller, or the residual encoder's running sum
      const skips = [h];
      for (const block of plan.encoder) {
        h = run(block, h);
        const aux = `model.${auxOf(block)}`;
        if (block.resample === 'down' && encoder === 'skip') {
          image = resample(image, 'down', filter);
          h = tf.add(h, conv(p, `${aux}_skip`, image));
        }
        if (block.resample === 'down' && encoder === 'residual') {
          const smaller = conv(p, `${aux}_residual`, image, { direction: 'down', filter, fused: true });
          image = h = tf.mul(tf.add(h, smaller), Math.SQRT1_2);
        }
        skips.push(h);
      }
      let result: tf.Tensor | undefined;
      plan.decoder.forEach((block, i) => {
        h = run(block, block.skip ? tf.concat([h, skips.pop()!], 3) : h);
        if (!givesImage(i)) return;
        const aux = `model.${auxOf(block)}`;
        const own = conv(p, `${aux}_conv`, groupNorm(p, `${aux}_norm`, h, { eps: EPS, activation: true }));
        result = result ? tf.add(resample(result, 'up', filter), own) : own;
      });
      return result!;
    },
  };
};
