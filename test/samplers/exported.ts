import { shapeSize } from '../../src/compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { type Fixture, openFixture } from '../../scripts/parity/fixture';
import { networkOf, parametersOf } from '../../scripts/parity/network';
import { normal } from '../../src/compute/noise';
import { runtime } from '../../src/compute/onnx/runtime';
import type { Denoiser, Model } from '../../src/networks';
import { goldenFolder } from '../golden';
import { join } from 'node:path';

/** Parameters that matter, each: a fresh network's last layers are almost zero. */
export const modelOf = (denoiser: Denoiser): Model => {
  const draws = denoiser.parameters.map(({ name, shape }): [string, tf.Tensor] => {
    const size = shapeSize(shape);
    const z = normal({ seed: 0, stream: name }, size);
    return [name, tf.tensor(shape.length > 1 ? z.map(v => (v * 2) / Math.sqrt(size / shape[shape.length - 1])) : z, [...shape])]; // prettier-ignore
  });
  return { denoiser, parameters: Object.fromEntries(draws) };
};

export type HostArray = { data: Float32Array; shape: number[] };

/** A file in ONNX Runtime, as one has it who has only the file: from its inputs to its single output. */
export const openFile = async (path: string): Promise<(feeds: Record<string, HostArray>) => Promise<HostArray>> => {
  const { InferenceSession, Tensor } = runtime();
  const session = await InferenceSession.create(path);
  return async (feeds: Record<string, HostArray>): Promise<HostArray> => {
    const tensors = Object.entries(feeds).map(
      ([name, { data, shape }]) => [name, new Tensor('float32', data, shape)] as const,
    );
    const [result] = Object.values(await session.run(Object.fromEntries(tensors)));
    return { data: result.data as Float32Array, shape: [...result.dims] };
  };
};

/** A network of the fixtures, with PyTorch's weights. */
export const reference = async (name: string): Promise<{ fixture: Fixture; model: Model }> => {
  const fixture = await openFixture(join(goldenFolder, 'net', name));
  const denoiser = networkOf(fixture.json);
  return { fixture, model: { denoiser, parameters: parametersOf(denoiser, fixture) } };
};
