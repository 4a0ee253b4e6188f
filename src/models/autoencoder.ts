import { type Samples, shapeSize } from '../compute/host-arrays';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensors, saveTensors, writeFileAtomic } from '../checkpoints';
import { unknownName } from '../compute/check';
import { eagerReason, type EngineName } from '../compute/engine-choice';
import { encodeOnnx, exportModel } from '../compute/onnx';
import type { Tensors } from '../compute/tensors';
import {
  type Autoencoder,
  autoencoderOf,
  type AutoencoderUnits,
  type Dataset,
  digits,
  type DigitsOptions,
  encoded,
  onnxAutoencoder,
  type OnnxAutoencoderOptions,
} from '../datasets';
import { digitAutoencoder, matchParameters } from '../networks';
import { TEACHER_FOLDER } from './teacher-folder';

const { imageShape, latentShape } = digitAutoencoder;

/** Where the shipped autoencoder lies: weights for TensorFlow.js, the same twice as ONNX, and its card. */
export const AUTOENCODER_FILES = {
  weights: join(TEACHER_FOLDER, 'digit-autoencoder.safetensors'),
  encoder: join(TEACHER_FOLDER, 'digit-encoder.onnx'),
  decoder: join(TEACHER_FOLDER, 'digit-decoder.onnx'),
  card: join(TEACHER_FOLDER, 'digit-autoencoder.json'),
} as const;

/** What the shipped files do not say themselves: their latents' units, kept in the card. */
type AutoencoderCard = { latents: { mean: number[]; deviation: number[] }; weights: { sha256: string } };

const BATCH = 64; // samples at a time

/** What the ONNX files compute, of their weights and one input. */
const FUNCTIONS = {
  encoder: {
    f: ({ images, ...p }: Tensors): Tensors => ({ latents: digitAutoencoder.encode(p, images) }),
    inputs: (n: number) => ({ images: [n, ...imageShape] }),
  },
  decoder: {
    f: ({ latents, ...p }: Tensors): Tensors => ({ images: digitAutoencoder.decode(p, latents) }),
    inputs: (n: number) => ({ latents: [n, ...latentShape] }),
  },
};

/** Writes the autoencoder's weights, and encoder and decoder as standard ONNX [n, H, W, C] for any n. */
export const saveAutoencoder = async (parameters: Tensors, files = AUTOENCODER_FILES): Promise<void> => {
  const matched = matchParameters('saveAutoencoder', digitAutoencoder.parameters, parameters);
  await saveTensors(files.weights, matched);
  for (const part of ['encoder', 'decoder'] as const) {
    const own = Object.entries(matched).filter(([name]) => name.startsWith(`${part}.`));
    const weights = own.map(async ([name, t]) => [name, { shape: t.shape, data: await t.data<'float32'>() }] as const);
    const { model } = exportModel({ ...FUNCTIONS[part], weights: Object.fromEntries(await Promise.all(weights)) });
    await writeFileAtomic(files[part], encodeOnnx(model));
  }
};

/** A function of tensors over samples on the host, `BATCH` at a time. */
const onBackend =
  (f: (x: tf.Tensor) => tf.Tensor, shape: readonly number[]) =>
  async ({ data, n, shape: given }: Samples): Promise<Samples> => {
    const [from, to] = [given, shape].map(sizes => shapeSize(sizes));
    const result = new Float32Array(n * to);
    for (let first = 0; first < n; first += BATCH) {
      const count = Math.min(BATCH, n - first);
      const rows = data.subarray(first * from, (first + count) * from);
      const made = tf.tidy(() => f(tf.tensor(rows, [count, ...given])));
      result.set(await made.data<'float32'>(), first * to);
      made.dispose();
    }
    return { data: result, n, shape };
  };

/** The weights on the TensorFlow.js backend in use, in units of `units`. It owns them until it is closed. */
export const autoencoderOnBackend = (
  parameters: Tensors,
  units: AutoencoderUnits,
  identity: Record<string, string>,
): Autoencoder =>
  autoencoderOf(
    {
      name: 'digits',
      identity,
      factor: imageShape[0] / latentShape[0],
      encode: onBackend(x => digitAutoencoder.encode(parameters, x), latentShape),
      decode: onBackend(x => digitAutoencoder.decode(parameters, x), imageShape),
      close: () => {
        tf.dispose(parameters);
        return Promise.resolve();
      },
    },
    units,
  );

const openShipped = async (engine: EngineName, { latents, weights }: AutoencoderCard): Promise<Autoencoder> => {
  const { mean, deviation } = latents;
  const units: AutoencoderUnits = { mean, deviation, range: '[-1, 1]' };
  const { encoder, decoder, weights: file } = AUTOENCODER_FILES;
  if (eagerReason(engine) === undefined)
    return onnxAutoencoder(decoder, { encoder, layout: 'NHWC', ...units, factor: 4, batch: BATCH });
  const { tensors } = await loadTensors(file);
  const parameters = matchParameters('loadAutoencoder', digitAutoencoder.parameters, tensors);
  return autoencoderOnBackend(parameters, units, weights);
};

/**
 * The shipped autoencoder of drawn digits, opened when it is first used: images [32, 32, 1], latents [8, 8, 4]. Its ONNX
 * files where ONNX Runtime computes, else the same weights on the TensorFlow.js backend in use, equal up to rounding.
 * @throws Node's error where its card is missing
 */
export const shippedAutoencoder = (engine: EngineName = 'auto'): Autoencoder => {
  const card = JSON.parse(readFileSync(AUTOENCODER_FILES.card, 'utf8')) as AutoencoderCard;
  let opened: Promise<Autoencoder> | undefined;
  const open = (): Promise<Autoencoder> => (opened ??= openShipped(engine, card));
  return {
    name: 'digits',
    identity: { sha256: card.weights.sha256 },
    factor: imageShape[0] / latentShape[0],
    channels: latentShape[2],
    encode: async images => (await open()).encode!(images),
    decode: async latents => (await open()).decode(latents),
    close: async () => {
      const closing = opened;
      opened = undefined;
      await (await closing)?.close();
    },
  };
};

/**
 * The shipped autoencoder ('digits'), or one in ONNX files: the decoder's path, and options for what the files do not say
 * (see `onnxAutoencoder`), by default Stable Diffusion's as EDM2 uses it. Call `close` when done.
 * @throws ArgumentError for a text that is neither; see `onnxAutoencoder` for files
 */
export const loadAutoencoder = async (
  nameOrPath: string,
  options: OnnxAutoencoderOptions = {},
): Promise<Autoencoder> => {
  if (nameOrPath === 'digits') return shippedAutoencoder();
  if (!existsSync(nameOrPath))
    throw unknownName('loadAutoencoder', 'autoencoder, and no file,', nameOrPath, ['digits']);
  return onnxAutoencoder(nameOrPath, options);
};

/** Latents of the drawn digits, 8 x 8 x 4, as the shipped autoencoder encodes them; endless, each encoded when asked for. */
export const latentDigits = (options: Omit<DigitsOptions, 'resolution'> = {}): Dataset =>
  encoded(digits({ ...options, resolution: imageShape[0] }), shippedAutoencoder());
