import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { compile } from '../../src/compute/graph';
import { type Tensors, valueAndGradients } from '../../src/compute/tensors';
import {
  adm,
  auxiliaryOf,
  ddpmpp,
  type Denoiser,
  edm2,
  edmDenoiser,
  initialParameters,
  ncsnpp,
  preconditioned,
} from '../../src/networks';
import { gaussians } from '../close';

const sizes = {
  resolution: 8,
  channels: 2,
  classes: 3,
  modelChannels: 32,
  channelMult: [1, 2],
  blocks: 1,
  attention: [4, 8],
};
const networks: Record<string, Denoiser> = {
  'DDPM++': edmDenoiser(ddpmpp(sizes)),
  'NCSN++, VE': preconditioned(ncsnpp(sizes), { kind: 've' }),
  'SongUNet with skip encoder and decoder, VP': preconditioned(ncsnpp({ ...sizes, encoder: 'skip', decoder: 'skip' }), {
    kind: 'vp',
  }),
  'ADM, iDDPM': preconditioned(adm({ ...sizes, outChannels: 4 }), { kind: 'iddpm' }),
  EDM2: edmDenoiser(edm2({ ...sizes, channelsPerHead: 16 })),
};

/** sum D^2 of the auxiliary and its gradient with respect to every parameter and x. */
const gradientOf =
  (auxiliary: Denoiser) =>
  ({ s, t, labels, ...rest }: Tensors): Tensors => {
    const { value, gradients } = valueAndGradients(
      ({ x, ...p }) => ({ value: tf.sum(tf.square(auxiliary.denoise(p, x, s, { t, labels }))), metrics: {} }),
      rest,
    );
    return { value, ...Object.fromEntries(Object.entries(gradients).map(([name, g]) => [`d ${name}`, g])) };
  };

describe('compiled, the auxiliary gives the values and gradients that it gives eagerly', () => {
  for (const [name, denoiser] of Object.entries(networks))
    test(name, async () => {
      await selectBackend({ backend: 'wasm' });
      const auxiliary = auxiliaryOf(denoiser);
      const fresh = initialParameters(auxiliary.parameters, 1);
      const lively = Object.entries(fresh).map(([key, p]) => {
        const noise = tf.tensor(gaussians(p.size, key), p.shape); // layers that start at 0 shall be seen
        return [key, tf.add(p, tf.mul(0.05, noise))] as const;
      });
      const inputs: Tensors = {
        ...Object.fromEntries(lively),
        x: tf.tensor(gaussians(4 * 128, 'x'), [4, 8, 8, 2]),
        s: tf.tensor1d([0.1, 1, 5, 40]),
        t: tf.tensor1d([1, 2, 50, 80]),
        labels: tf.tensor([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], [4, 3]),
      };
      const f = gradientOf(auxiliary);
      const shapes = Object.fromEntries(Object.entries(inputs).map(([key, tensor]) => [key, tensor.shape]));
      const compiled = await compile(f, { shapes });
      const arrays: Record<string, Float32Array> = {};
      for (const [key, tensor] of Object.entries(inputs)) arrays[key] = (await tensor.data()) as Float32Array;
      const [ours, eager] = [await compiled(arrays), f(inputs)];
      let [difference, norm] = [0, 0];
      for (const [key, tensor] of Object.entries(eager))
        (await tensor.data()).forEach((v, i) => {
          difference += (ours[key][i] - v) ** 2;
          norm += v ** 2;
        });
      await compiled.dispose();
      assert.ok(Math.sqrt(difference / norm) < 1e-5, `relative difference ${Math.sqrt(difference / norm)}`);
    });
});
