import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { ddpmpp, edmDenoiser, type Tensors } from '../../src/networks';
import { gaussians } from '../close';

describe('dropout in DDPM++', () => {
  const config = { resolution: 8, channels: 1, modelChannels: 8, channelMult: [1, 2], blocks: 1, attention: [4] };
  const denoiser = edmDenoiser(ddpmpp({ ...config, dropout: 0.4 }));

  test('every residual block states the shape of its noise; none does at rate 0', () => {
    const blocks = denoiser.parameters.filter(({ name }) => name.endsWith('.conv1.weight'));
    assert.equal(denoiser.dropout.length, blocks.length);
    for (const { name, shape } of denoiser.dropout) {
      const conv = denoiser.parameters.find(p => p.name === `model.${name}.conv1.weight`);
      assert.equal(shape[2], conv?.shape[2], name);
      assert.equal(shape[0], Number(/(\d+)x/.exec(name)?.[1]), name);
    }
    assert.deepEqual(edmDenoiser(ddpmpp({ ...config, dropout: 0 })).dropout, []);
  });

  test('without noise nothing is dropped; noise of ones only scales; noise changes the output and only that noise does', async () => {
    await selectBackend({ backend: 'wasm' });
    const p: Tensors = Object.fromEntries(
      denoiser.parameters.map(({ name, shape }) => [
        name,
        tf.mul(0.3, tf.tensor(gaussians(tf.util.sizeFromShape([...shape]), name), [...shape])),
      ]),
    );
    const [x, sigma] = [tf.tensor(gaussians(2 * 64, 'x'), [2, 8, 8, 1]), tf.tensor1d([0.5, 3])];
    const denoise = async (dropoutNoise?: Tensors) => [
      ...(await denoiser.denoise(p, x, sigma, { dropoutNoise }).data()),
    ];
    const noise = (value: number): Tensors =>
      Object.fromEntries(denoiser.dropout.map(({ name, shape }) => [name, tf.fill([2, ...shape], value)]));
    const evaluation = await denoise();
    assert.deepEqual(await denoise({}), evaluation);
    assert.notDeepEqual(await denoise(noise(0.9)), evaluation); // everything kept and divided by 0.6
    assert.notDeepEqual(await denoise(noise(0.1)), await denoise(noise(0.9)));
    assert.deepEqual(await denoise(noise(0.5)), await denoise(noise(0.9)));
    // all dropped: what conv1 contributes is its bias, so its weights no longer matter
    const dropped = await denoise(noise(0.1));
    for (const name of Object.keys(p)) if (name.endsWith('conv1.weight')) p[name] = tf.mul(p[name], 5);
    assert.deepEqual(await denoise(noise(0.1)), dropped);
  });
});
