import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, expectInteger } from '../compute/check';
import { onnxMetadata } from '../compute/onnx';
import { runtime, SESSION_OPTIONS } from '../compute/onnx/runtime';
import type { Model } from '../networks';
import { ONNX_FORMAT } from './export';
import { type ExportedFunction, generatorFunction, samplerFunction } from './exported-functions';

/** The metadata of a file of this library. */
const metadataOf = (path: string, bytes: Uint8Array): Record<string, string> => {
  let metadata: Record<string, string> = {};
  try {
    metadata = onnxMetadata(bytes);
  } catch {
    // no protocol buffer at all: the same error
  }
  if (metadata.format !== ONNX_FORMAT) throw new ArgumentError(`checkExport: ${path} was not exported by cosim`);
  return metadata;
};

/** What a file computes, by its own metadata. */
const functionOf = (metadata: Record<string, string>, { denoiser }: Model): ExportedFunction =>
  metadata.kind === 'sampler'
    ? samplerFunction('checkExport', denoiser, JSON.parse(metadata.times) as number[])
    : generatorFunction('checkExport', denoiser);

/**
 * Runs an exported file in ONNX Runtime and the model here, on the same inputs.
 * @param samples how many, default 4; the file's own number where that is fixed
 * @returns the largest difference between the two, relative to the largest value (at least 1), and how many samples.
 * @throws ArgumentError for a file of other origin; Error when onnxruntime-node is absent.
 */
export const checkExport = async (
  path: string,
  model: Model,
  { samples = 4 }: { samples?: number } = {},
): Promise<{ difference: number; samples: number }> => {
  expectInteger('checkExport', 'samples', samples, { min: 1 });
  const bytes = await readFile(path);
  const metadata = metadataOf(path, bytes);
  const { f, example } = functionOf(metadata, model);
  const n = metadata.batch === 'any' ? samples : Number(metadata.batch);
  const { InferenceSession, Tensor } = runtime();
  const session = await InferenceSession.create(bytes, SESSION_OPTIONS);
  const inputs = tf.tidy(() => example(n));
  let ours: tf.Tensor | undefined;
  try {
    [ours] = Object.values(tf.tidy(() => f({ ...inputs, ...model.parameters })));
    const feeds = Object.entries(inputs).map(
      async ([name, t]) => [name, new Tensor('float32', (await t.data()) as Float32Array, t.shape)] as const,
    );
    const [theirs] = Object.values(await session.run(Object.fromEntries(await Promise.all(feeds))));
    const [a, b] = [await ours.data(), theirs.data as Float32Array];
    let [difference, scale] = [0, 1];
    for (let i = 0; i < a.length; i++) {
      difference = Math.max(difference, Math.abs(a[i] - b[i]));
      scale = Math.max(scale, Math.abs(a[i]));
    }
    return { difference: difference / scale, samples: n };
  } finally {
    await session.release();
    tf.dispose([inputs, ours ?? []]);
  }
};
