import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import {
  adm,
  auxiliaryOf,
  auxiliaryParameters,
  ddpmpp,
  type Denoiser,
  edm2,
  edmDenoiser,
  freshParameters,
  matchParameters,
  mixtureDenoiser,
  mlp,
  ncsnpp,
  parameterCount,
  preconditioned,
  type Tensors,
} from '../../src/networks';
import { assertAllClose, gaussians } from '../close';
import { TESTED_BACKENDS } from '../golden';

const sizes = {
  resolution: 8,
  channels: 2,
  classes: 3,
  modelChannels: 8,
  channelMult: [1, 2],
  blocks: 1,
  attention: [4],
};

const denoisers: Record<string, Denoiser> = {
  MLP: edmDenoiser(mlp({ width: 16, blocks: 1, classes: 3 }), { sigmaData: 0.6 }),
  'DDPM++': edmDenoiser(
    ddpmpp({
      resolution: 8,
      channels: 2,
      classes: 3,
      modelChannels: 8,
      channelMult: [1, 2],
      blocks: 1,
      attention: [4],
    }),
  ),
  'NCSN++': preconditioned(ncsnpp({ ...sizes, encoder: 'residual', decoder: 'skip' }), { kind: 've' }),
  ADM: preconditioned(adm({ ...sizes, outChannels: 4 }), { kind: 'iddpm' }),
  EDM2: edmDenoiser(edm2({ ...sizes, channelsPerHead: 8, logvarChannels: 4 })),
};

/** Layers that t has of its own. */
const branchOf = ({ config }: Denoiser): string[] =>
  config.kind === 'edm2'
    ? ['unet.emb_noise_t.weight']
    : ['layer0', 'layer1'].flatMap(l => [`model.map_${l}_t.weight`, `model.map_${l}_t.bias`]);

/** Parameters with nothing near zero, so that every layer can be seen in the output. */
const lively = (denoiser: Denoiser): Tensors =>
  Object.fromEntries(
    denoiser.parameters.map(({ name, shape }) => [
      name,
      tf.mul(0.3, tf.tensor(gaussians(tf.util.sizeFromShape([...shape]), name), [...shape])),
    ]),
  );

for (const backend of TESTED_BACKENDS)
  for (const [name, denoiser] of Object.entries(denoisers))
    describe(`the auxiliary of the ${name} on ${backend}`, () => {
      const inputs = () => ({
        x: tf.tensor(gaussians(3 * tf.util.sizeFromShape([...denoiser.sampleShape]), 'x'), [
          3,
          ...denoiser.sampleShape,
        ]),
        s: tf.tensor1d([0.01, 0.5, 60]),
        labels: tf.oneHot(tf.tensor1d([0, 2, 1], 'int32'), 3),
      });

      test('its extra parameters end with _t and come last, layers of the width of the others', () => {
        const [own, all] = [denoiser.parameters, auxiliaryOf(denoiser).parameters].map(specs => specs.map(p => p.name));
        assert.deepEqual(all.slice(0, own.length), own);
        assert.deepEqual(all.slice(own.length), branchOf(denoiser));
        const shapes = Object.fromEntries(auxiliaryOf(denoiser).parameters.map(p => [p.name, p.shape]));
        for (const extra of all.slice(own.length)) assert.deepEqual(shapes[extra], shapes[extra.replace('_t.', '.')]);
        assert.equal(auxiliaryOf(denoiser).config.sigmaData, denoiser.config.sigmaData);
      });

      test('silent, it starts as exactly the teacher whatever t is; with the branch copied it does not', async () => {
        await selectBackend({ backend });
        const [theta, { x, s, labels }] = [lively(denoiser), inputs()];
        const auxiliary = auxiliaryOf(denoiser);
        const teacher = await denoiser.denoise(theta, x, s, { labels }).data();
        const silent = matchParameters('psi', auxiliary.parameters, auxiliaryParameters(denoiser, theta));
        const copy = matchParameters('psi', auxiliary.parameters, auxiliaryParameters(denoiser, theta, 'copy'));
        const values = async (psi: Tensors, t: number[]): Promise<Float32Array> =>
          (await auxiliary.denoise(psi, x, s, { t: tf.tensor1d(t), labels }).data()) as Float32Array;
        for (const t of [
          [80, 80, 80],
          [0.02, 3, 70],
        ]) {
          assert.deepEqual(await values(silent, t), teacher);
          assert.ok((await values(copy, t)).some((v, i) => Math.abs(v - teacher[i]) > 1e-3));
        }
        const [early, late] = [await values(copy, [80, 80, 80]), await values(copy, [0.02, 3, 70])];
        assert.ok(
          early.some((v, i) => Math.abs(v - late[i]) > 1e-3),
          't matters',
        );
      });

      test('labels matter for each sample, and no label is the zero row', async () => {
        await selectBackend({ backend });
        const [theta, { x, s, labels }] = [lively(denoiser), inputs()];
        const given = await denoiser.denoise(theta, x, s, { labels }).data();
        const absent = await denoiser.denoise(theta, x, s).data();
        const zero = await denoiser.denoise(theta, x, s, { labels: tf.zeros([3, 3]) }).data();
        assertAllClose(absent, zero, 1e-7);
        const size = given.length / 3;
        for (let b = 0; b < 3; b++)
          assert.ok(given.subarray(b * size, (b + 1) * size).some((v, i) => Math.abs(v - absent[b * size + i]) > 1e-6));
      });
    });

test('its parameters are copies: disposing them leaves the teacher, and a step of the run leaves nothing', async () => {
  await selectBackend({ backend: 'cpu' });
  const theta = freshParameters(denoisers.MLP, 0);
  const before = tf.memory().numTensors;
  tf.dispose(auxiliaryParameters(denoisers.MLP, theta, 'copy'));
  assert.equal(tf.memory().numTensors, before);
  for (const t of Object.values(theta)) await t.data();
});

test('the CIFAR-10 network of the paper: 55.7 M parameters, 328,704 more for the second time', () => {
  const cifar = ddpmpp({ augmentDim: 9 });
  assert.equal(parameterCount(cifar.parameters), 55_733_891);
  const block = cifar.parameters.filter(({ name }) => name.startsWith('model.dec.16x16_block4.'));
  assert.equal(parameterCount(block), 2_297_856);
  assert.equal(parameterCount(ddpmpp({ augmentDim: 9, secondTime: true }).parameters), 56_062_595);
});

test('an exact mixture has no auxiliary, and says so', () => {
  const { denoiser } = mixtureDenoiser({ weights: [1], means: [[0]], covariances: [[[1]]] });
  assert.throws(
    () => auxiliaryOf(denoiser),
    /auxiliaryOf: denoiser must be a network with one time embedding, got 'mixture'/,
  );
});

test('a start that is none is refused: it would count as a copy', () => {
  assert.throws(
    () => auxiliaryParameters(denoisers.MLP, freshParameters(denoisers.MLP, 0), 'quiet' as never),
    /auxiliaryParameters: start must be one of 'silent', 'copy', got 'quiet'/,
  );
});
