import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { fromReference, type HostTensor, readSafetensors } from '../src/checkpoints';
import { type Denoiser, ddpmpp, edmDenoiser, type Tensors } from '../src/networks';

/** Numbers made with the reference PyTorch code: a JSON description and named arrays in PyTorch's layout. */
export type Golden = {
  json: Record<string, never>;
  /** Parameters under a prefix, in tfjs layout. */
  state: (prefix: string) => Tensors;
  /** Images [B, C, H, W] as [B, H, W, C]; other ranks as they are. */
  tensor: (name: string) => tf.Tensor;
  /** The file's own array. */
  host: (name: string) => HostTensor;
  names: string[];
};

const folder = join(__dirname, 'golden');

export const goldenJson = (name: string): Record<string, never> =>
  JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Record<string, never>;

export const golden = async (name: string): Promise<Golden> => {
  const { tensors } = await readSafetensors(join(folder, `${name}.safetensors`));
  const host = (key: string): HostTensor => {
    if (!(key in tensors)) throw new Error(`${name}: no array ${key}`);
    return tensors[key];
  };
  return {
    json: goldenJson(name),
    host,
    names: Object.keys(tensors),
    state: prefix => {
      const result: Tensors = {};
      for (const key of Object.keys(tensors)) {
        if (!key.startsWith(prefix)) continue;
        const { data, shape } = fromReference(tensors[key]);
        result[key.slice(prefix.length)] = tf.tensor(data as Float32Array, shape);
      }
      return result;
    },
    tensor: key => {
      const { data, shape } = host(key);
      const t = tf.tensor(Float32Array.from(data as Float32Array), shape);
      return shape.length === 4 ? tf.transpose(t, [0, 2, 3, 1]) : t;
    },
  };
};

/** The denoiser that reference constructor arguments describe. */
export const goldenDenoiser = (kwargs: Record<string, never>, secondTime = false): Denoiser =>
  edmDenoiser(
    ddpmpp({
      resolution: kwargs.img_resolution,
      channels: kwargs.img_channels,
      classes: kwargs.label_dim,
      augmentDim: kwargs.augment_dim,
      modelChannels: kwargs.model_channels,
      channelMult: kwargs.channel_mult,
      blocks: kwargs.num_blocks,
      attention: kwargs.attn_resolutions,
      dropout: kwargs.dropout,
      secondTime,
    }),
  );

/** ||a - b|| / ||b||. */
export const relativeError = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / Math.max(norm, Number.MIN_VALUE));
};

/** Relative error between named tensors and others, all taken as one long vector. */
export const relativeErrorOf = async (ours: Tensors, theirs: Tensors): Promise<number> => {
  const [a, b]: number[][] = [[], []];
  for (const name of Object.keys(theirs)) {
    if (ours[name].shape.join() !== theirs[name].shape.join()) throw new Error(`${name}: shapes differ`);
    a.push(...(await ours[name].data()));
    b.push(...(await theirs[name].data()));
  }
  return relativeError(a, b);
};

/** Backends that every numerical test runs on. */
export const TESTED_BACKENDS = ['wasm', 'cpu'] as const;
