import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { addPrefix, type Tensors, valueAndGradients } from '../../src/compute/tensors';
import { denoising } from '../../src/methods';
import {
  auxiliaryOf,
  auxiliaryParameters,
  type Denoiser,
  edm2,
  edmDenoiser,
  freshParameters,
  mlp,
  ncsnpp,
  parameterCount,
} from '../../src/networks';
import { adamScalars, initialState, trainingStep } from '../../src/training';
import { assertAllClose, gaussians, mean, valuesOf } from '../close';
import { TESTED_BACKENDS } from '../golden';

const sizes = { resolution: 8, channels: 2, modelChannels: 8, channelMult: [1, 2], blocks: 1, attention: [4] };
const network = (): Denoiser => edmDenoiser(edm2({ ...sizes, channelsPerHead: 8, logvarChannels: 4 }));

/** Fresh parameters with gains away from the 0 at which they start and the network says nothing. */
const awake = (denoiser: Denoiser): Tensors =>
  Object.fromEntries(
    Object.entries(freshParameters(denoiser, 3)).map(([name, t]) => [name, name.endsWith('gain') ? tf.scalar(0.7) : t]),
  );
const images = (): tf.Tensor => tf.tensor(gaussians(2 * 128, 'x'), [2, 8, 8, 2]);
const levels = (): tf.Tensor => tf.tensor1d([0.3, 4]);

for (const backend of TESTED_BACKENDS)
  describe(`EDM2's network on ${backend}`, () => {
    test('fresh parameters keep magnitudes: unit noise in, about unit activations before the output gain', async () => {
      await selectBackend({ backend });
      const denoiser = edmDenoiser(edm2({ ...sizes, modelChannels: 32, channelsPerHead: 16 }));
      const p = { ...freshParameters(denoiser, 1), 'unet.out_gain': tf.scalar(1) };
      const x = tf.mul(images(), 80);
      // at a large level D is c_out F with c_out near sigma_data
      const D = await valuesOf(denoiser.denoise(p, x, tf.tensor1d([80, 80])));
      const rms = Math.sqrt(mean(D.map(v => v * v))) / 0.5;
      assert.ok(rms > 0.7 && rms < 1.4, `root mean square ${rms}`);
    });

    test("the auxiliary's silent branch has a finite gradient that is not 0", async () => {
      await selectBackend({ backend });
      const denoiser = network();
      const auxiliary = auxiliaryOf(denoiser);
      const psi = auxiliaryParameters(denoiser, awake(denoiser));
      const { gradients } = valueAndGradients(
        p => ({
          value: tf.sum(tf.square(auxiliary.denoise(p, images(), levels(), { t: tf.tensor1d([1, 80]) }))),
          metrics: {},
        }),
        psi,
      );
      const branch = await valuesOf(gradients['unet.emb_noise_t.weight']);
      assert.ok(branch.every(Number.isFinite) && branch.some(v => v !== 0));
    });

    test("a small update of the auxiliary's silent branch changes what it denoises by little", async () => {
      await selectBackend({ backend });
      const auxiliary = auxiliaryOf(network());
      const psi = auxiliaryParameters(network(), awake(network()));
      const name = 'unet.emb_noise_t.weight';
      const denoise = (p: Tensors) => valuesOf(auxiliary.denoise(p, images(), levels(), { t: tf.tensor1d([1, 80]) }));
      const before = await denoise(psi);
      const after = await denoise({ ...psi, [name]: tf.fill(psi[name].shape, 1e-3) }); // Adam's first step
      const largest = Math.max(...before.map((v, i) => Math.abs(v - after[i])));
      assert.ok(largest > 0 && largest < 0.01 * Math.max(...before.map(Math.abs)), String(largest));
    });

    test('forced normalisation: weights of unit root mean square, the same D; gains, tables and the branch for t stay', async () => {
      await selectBackend({ backend });
      const auxiliary = auxiliaryOf(network());
      const psi = {
        ...awake(auxiliary),
        'unet.emb_noise.weight': tf.mul(5, awake(auxiliary)['unet.emb_noise.weight']),
      };
      const forced = auxiliary.normalisedWeights!(psi);
      assert.deepEqual(Object.keys(forced), Object.keys(psi));
      for (const [name, w] of Object.entries(forced)) {
        if (!name.endsWith('.weight') || name.endsWith('_t.weight')) {
          assert.deepEqual(await valuesOf(w), await valuesOf(psi[name as keyof typeof psi]), name);
          continue;
        }
        const out = w.shape[w.rank - 1];
        const squares = tf.mean(tf.square(tf.reshape(w, [-1, out])), 0);
        assertAllClose(await valuesOf(squares), new Array<number>(out).fill(1), 2e-3, name);
      }
      const t = tf.tensor1d([1, 80]);
      const [a, b] = [psi, forced].map(p => auxiliary.denoise(p, images(), levels(), { t }));
      assertAllClose(await valuesOf(a), await valuesOf(b), 2e-3);
    });

    test('its log variance is one number a sample, differs between levels, and its loss trains it', async () => {
      await selectBackend({ backend });
      const denoiser = network();
      const method = denoising(denoiser, { uncertainty: true, pMean: -0.4, pStd: 1 });
      const [{ loss }] = method.updates;
      const phi = awake(denoiser);
      const logvar = await valuesOf(denoiser.logvar!(phi, levels()));
      assert.equal(logvar.length, 2);
      assert.notEqual(logvar[0], logvar[1]);
      const batch = { x0: images(), noise: tf.mul(images(), -1), sigma: levels() };
      const { gradients } = valueAndGradients(p => loss({ phi: p }, batch), phi);
      assert.ok((await valuesOf(gradients['logvar_linear.weight'])).some(v => v !== 0));
    });
  });

test('constants are not counted, and a training step leaves them to the bit', async () => {
  await selectBackend({ backend: 'wasm' });
  for (const denoiser of [network(), edmDenoiser(ncsnpp({ ...sizes, dropout: 0 }))]) {
    const constants = denoiser.parameters.filter(({ constant }) => constant).map(({ name }) => name);
    const all = denoiser.parameters.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
    const held = denoiser.parameters.filter(({ constant }) => constant).reduce((sum, p) => sum + p.shape[0], 0);
    assert.ok(constants.length > 0);
    assert.equal(parameterCount(denoiser.parameters), all - held);
    const phi = awake(denoiser);
    const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8 };
    const step = trainingStep(denoising(denoiser).updates[0], options, 2);
    const { stepSize, varianceScale } = adamScalars(1, options);
    const scalars = { stepSize, varianceScale, emaBeta: 0.5 };
    const { state } = step(initialState({ phi }, ['phi'], options), {
      x0: images(),
      noise: tf.mul(images(), -1),
      sigma: levels(),
      ...Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, tf.scalar(value)])),
    });
    for (const [name, t] of Object.entries(addPrefix('phi/', phi))) {
      const changed = (await valuesOf(t)).some((v, i) => v !== (state[name].dataSync() as Float32Array)[i]);
      const isConstant = constants.includes(name.slice('phi/'.length));
      if (isConstant) assert.ok(!changed, name);
      if (isConstant) assert.deepEqual(await valuesOf(state[`ema/${name.slice(4)}`]), await valuesOf(t), name);
      if (name.endsWith('conv.weight')) assert.ok(changed, name);
    }
  }
});

test('options and losses that do not fit are refused by name', () => {
  assert.throws(
    () => edm2({ ...sizes, labelBalance: 2 }),
    /labelBalance must be a finite number of at least 0 and at most 1/,
  );
  assert.throws(
    () => edm2({ ...sizes, resolution: 9 }),
    /resolution must be divisible by 2\^1 for 2 resolutions, got 9/,
  );
  assert.throws(() => edm2({ ...sizes, augmentDim: 9 } as object), /unknown option 'augmentDim'/);
  const plain = edmDenoiser(mlp({ width: 8 }));
  assert.throws(
    () => denoising(plain, { uncertainty: true }),
    /network must be one that predicts its log variance, got 'mlp'/,
  );
  assert.throws(
    () => denoising(plain, { levels: 'uniform' as never }),
    /levels must be one of 'log-normal', 'vp', 've'/,
  );
});
