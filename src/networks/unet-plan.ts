/* The wiring that DDPM++, NCSN++, ADM and EDM2 share. */
import { expectInteger, fail } from '../compute/check';
import type { Direction } from './resample';

/** Sizes of a U-Net. */
export type UnetSizes = {
  /** Image height and width, pixels. */
  resolution: number;
  /** Image channels. */
  channels: number;
  /** Channels at a resolution are this times its multiplier. */
  modelChannels: number;
  /** Channel multiplier of each resolution, halving from one to the next. */
  channelMult: readonly number[];
  /** Residual blocks a resolution. */
  blocks: number;
  /** Resolutions with self-attention. */
  attention: readonly number[];
};

/** One residual block of the plan. */
export type Block = {
  name: string;
  /** Input channels, skip included. */
  from: number;
  /** Output channels. */
  to: number;
  resample?: Direction;
  /** Attention heads, 0: none. */
  heads: number;
  /** Pixels a side of the block's output. */
  resolution: number;
};

/** A whole network as a list of blocks, from which its parameters and its evaluation both follow. */
export type UnetPlan = {
  /** The 3 x 3 convolution on the image. */
  first: { name: string; to: number };
  encoder: Block[];
  /** Skip: takes the newest encoder output beside its input. */
  decoder: (Block & { skip: boolean })[];
  /** Channels of the last block. */
  channels: number;
};

/** What differs between the architectures. */
export type Wiring = {
  /** Outputs of the first convolution. */
  firstChannels: number;
  /** Heads of a block with attention, by its channels. */
  heads: (channels: number) => number;
  /** Which decoder blocks of a listed resolution have attention. */
  attendsInDecoder: (block: number) => boolean;
};

/**
 * What a network can be, several times beyond the largest published ones: a configuration may come from a file, and one
 * number in it must not ask for lists of millions of layers.
 */
export const LARGEST = {
  resolution: 8192,
  channels: 1024,
  modelChannels: 16_384,
  blocks: 64,
  levels: 16,
  multiplier: 256,
  classes: 1_000_000,
  features: 65_536,
} as const;

/** Checks the sizes that every U-Net is given. */
export const expectSizes = (where: string, sizes: UnetSizes): void => {
  for (const name of ['resolution', 'channels', 'modelChannels', 'blocks'] as const)
    expectInteger(where, name, sizes[name], { min: 1, max: LARGEST[name] });
  const { resolution, channelMult, attention } = sizes;
  for (const [name, list] of Object.entries({ channelMult, attention }))
    expectInteger(where, `length of ${name}`, list.length, { max: LARGEST.levels });
  for (const mult of channelMult) expectInteger(where, 'channelMult', mult, { min: 1, max: LARGEST.multiplier });
  for (const at of attention) expectInteger(where, 'attention', at, { min: 1 });
  const halvings = channelMult.length - 1;
  if (halvings < 0 || resolution % 2 ** halvings !== 0)
    fail(where, 'resolution', `divisible by 2^${halvings} for ${halvings + 1} resolutions`, resolution);
};

/** Checks that the channels of every block with attention divide into its heads. */
export const expectHeads = (where: string, blocks: readonly Block[]): void => {
  for (const { to, heads } of blocks)
    if (heads > 0 && to % heads !== 0) fail(where, 'channels of a block with attention', `divisible by ${heads}`, to);
};

/**
 * Encoder: the first convolution, then a resolution at a time (a `down` block and) `blocks` blocks, every output kept.
 * Decoder: `in0` (with attention) and `in1`, then a resolution at a time (an `up` block and) blocks + 1 blocks, each
 * taking one kept output. Names as in the reference.
 */
export const unetPlan = (
  { resolution, modelChannels, channelMult, blocks, attention }: UnetSizes,
  { firstChannels, heads, attendsInDecoder }: Wiring,
): UnetPlan => {
  let channels = firstChannels;
  const skips = [channels];
  const encoder: Block[] = [];
  const decoder: UnetPlan['decoder'] = [];
  const make = (name: string, to: number, res: number, attends: boolean, skip = 0): Block => {
    const block = { name, from: channels + skip, to, heads: attends ? heads(to) : 0, resolution: res };
    channels = to;
    return block;
  };
  channelMult.forEach((mult, level) => {
    const res = resolution >> level;
    const push = (block: Block): void => {
      encoder.push(block);
      skips.push(channels);
    };
    if (level > 0) push({ ...make(`enc.${res}x${res}_down`, channels, res, false), resample: 'down' });
    for (let i = 0; i < blocks; i++)
      push(make(`enc.${res}x${res}_block${i}`, modelChannels * mult, res, attention.includes(res)));
  });
  [...channelMult.keys()].reverse().forEach(level => {
    const res = resolution >> level;
    const name = `dec.${res}x${res}`;
    if (level === channelMult.length - 1) {
      decoder.push({ ...make(`${name}_in0`, channels, res, true), skip: false });
      decoder.push({ ...make(`${name}_in1`, channels, res, false), skip: false });
    } else decoder.push({ ...make(`${name}_up`, channels, res, false), resample: 'up', skip: false });
    for (let i = 0; i <= blocks; i++) {
      const attends = attention.includes(res) && attendsInDecoder(i);
      const to = modelChannels * channelMult[level];
      decoder.push({ ...make(`${name}_block${i}`, to, res, attends, skips.pop()), skip: true });
    }
  });
  return { first: { name: `enc.${resolution}x${resolution}_conv`, to: firstChannels }, encoder, decoder, channels };
};
