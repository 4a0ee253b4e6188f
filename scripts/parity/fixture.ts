import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { fromReference, type HostTensor, readSafetensors } from '../../src/checkpoints';
import type { Tensors } from '../../src/networks';

/** A JSON object whose members the reader of each kind of case knows. */
export type Json = Record<string, unknown>;

/** Numbers made with the reference PyTorch code: a JSON description and named arrays in PyTorch's layout. */
export type Fixture = {
  kind: string; // the folder that it lies in: net, grad, ...
  name: string;
  folder: string;
  json: Json;
  names: string[];
  has: (name: string) => boolean;
  /** The file's own array. */
  host: (name: string) => HostTensor;
  /** Images [B, C, H, W] as [B, H, W, C]; other ranks as they are. */
  tensor: (name: string) => tf.Tensor;
  /** Parameters under a prefix, in tfjs layout. */
  state: (prefix: string) => Tensors;
  /** Another case by its path from the folder of the kinds: 'net/edm_adm_cond.safetensors'. */
  other: (path: string) => Promise<Fixture>;
};

/** Opens `root/kind/name.json` and, where there is one, the safetensors file beside it. */
export const openFixture = async (path: string): Promise<Fixture> => {
  const stem = path.replace(/\.(json|safetensors)$/, '');
  const file = `${stem}.safetensors`;
  const { tensors } = existsSync(file) ? await readSafetensors(file) : { tensors: {} as Record<string, HostTensor> };
  const host = (key: string): HostTensor => {
    if (!(key in tensors)) throw new Error(`${file}: no array '${key}'`);
    return tensors[key];
  };
  return {
    kind: basename(dirname(stem)),
    name: basename(stem),
    folder: dirname(stem),
    json: JSON.parse(readFileSync(`${stem}.json`, 'utf8')) as Json,
    names: Object.keys(tensors),
    has: key => key in tensors,
    host,
    tensor: key => {
      const { data, shape } = host(key);
      const t = tf.tensor(Float32Array.from(data as Float32Array), shape);
      return shape.length === 4 ? tf.transpose(t, [0, 2, 3, 1]) : t;
    },
    state: prefix => {
      const result: Tensors = {};
      for (const key of Object.keys(tensors)) {
        if (!key.startsWith(prefix)) continue;
        const { data, shape } = fromReference(tensors[key]);
        result[key.slice(prefix.length)] = tf.tensor(data as Float32Array, shape);
      }
      return result;
    },
    other: other => openFixture(join(dirname(stem), '..', other)),
  };
};
