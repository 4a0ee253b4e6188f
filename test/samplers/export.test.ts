import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { relativeError } from '../../scripts/parity/measure';
import { type Floors, imagesOf } from '../../scripts/parity/network';
import { selectBackend } from '../../src/compute/backend';
import { normal } from '../../src/compute/noise';
import { factorise, mixtureAt } from '../../src/diffusion/gaussian-mixture';
import { type Denoiser, mixtureDenoiser } from '../../src/networks';
import { exportOnnx, sampleMultistep } from '../../src/samplers';
import { assertAllClose } from '../close';
import { temporaryFolder } from '../temporary-folder';
import { tinyImageNet, tinyMlp, twoModes } from '../tiny';
import { type HostArray, modelOf, openFile, reference } from './exported';

const file = temporaryFolder();

before(() => selectBackend({ backend: 'wasm' }));

const oneHot = (labels: readonly number[], classes: number): HostArray => {
  const data = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => (data[i * classes + label] = 1));
  return { data, shape: [labels.length, classes] };
};

/** Noise as `sampleMultistep` draws it: step k of seed s. */
const samplerNoise = (seeds: readonly number[], K: number, shape: readonly number[]): HostArray => {
  const size = shape.reduce((a, b) => a * b);
  const rows = Array.from({ length: K }, (_, step) => seeds.map(seed => normal({ seed, stream: 'sampler', step }, size))); // prettier-ignore
  return { data: Float32Array.from(rows.flat().flatMap(row => [...row])), shape: [K, seeds.length, ...shape] };
};

const NETWORKS: [string, () => Denoiser][] = [
  ['the MLP', tinyMlp],
  ['a conditional DDPM++', tinyImageNet],
];

for (const [name, make] of NETWORKS)
  describe(`export of ${name}`, () => {
    test('the generator gives the denoiser’s result for 1, 3 and 8 samples from one file', async () => {
      const model = modelOf(make());
      const { denoiser, parameters } = model;
      const { sampleShape, classes } = denoiser;
      const report = await exportOnnx(file('generator.onnx'), model);
      assert.equal(report.batch, 'any');
      const run = await openFile(report.path);
      for (const n of [1, 3, 8]) {
        const sigma = Float32Array.from({ length: n }, (_, i) => [0.05, 1.5, 80][i % 3]);
        const labels = sigma.map((_, i) => i % Math.max(classes, 1));
        const size = sampleShape.reduce((a, b) => a * b);
        const x = normal({ seed: n, stream: 'x' }, n * size).map((z, i) => z * (0.5 + sigma[Math.floor(i / size)]));
        const rows = classes > 0 ? oneHot([...labels], classes) : undefined;
        const result = await run({
          x: { data: x, shape: [n, ...sampleShape] },
          sigma: { data: sigma, shape: [n] },
          ...(rows && { labels: rows }),
        });
        const condition = rows && { labels: tf.tensor(rows.data, rows.shape) };
        const ours = denoiser.denoise(parameters, tf.tensor(x, [n, ...sampleShape]), tf.tensor1d(sigma), condition);
        assert.deepEqual(result.shape, ours.shape);
        assertAllClose(result.data, await ours.data(), 2e-6);
      }
    });

    for (const times of [
      [16.78, 1.382],
      [80, 16.78, 2.24, 0.131],
    ])
      // prettier-ignore
      test(`the ${times.length}-step sampler gives sampleMultistep's samples from its noise`, async () => {
        const model = modelOf(make());
        const { sampleShape, classes } = model.denoiser;
        const { path, batch, inputs } = await exportOnnx(file('sampler.onnx'), model, { times });
        assert.equal(batch, 'any');
        assert.deepEqual(inputs.noise, [times.length, 'batch', ...sampleShape]);
        const run = await openFile(path);
        for (const n of [1, 3, 8]) {
          const seeds = Array.from({ length: n }, (_, i) => 40 + i);
          const labels = classes > 0 ? seeds.map(seed => seed % classes) : undefined;
          const { data } = await sampleMultistep({ ...model, times, seeds, labels });
          const result = await run({
            noise: samplerNoise(seeds, times.length, sampleShape),
            ...(labels && { labels: oneHot(labels, classes) }),
          });
          assert.deepEqual(result.shape, [n, ...sampleShape]);
          assertAllClose(result.data, data, 5e-6);
        }
      });
  });

describe('export against other oracles', () => {
  const cases = [
    ['edm_ddpmpp_cond', 'D_x'],
    ['edm_ddpmpp_cond', 'D_x_no_labels'], // rows of zeros
    ['edm_ncsnpp_cond', 'D_x_no_labels'], // its other output is for augmentation labels, which no file takes
    ['edm_skipskip_uncond', 'D_x'],
    ['iddpm_adm_cond', 'D_x'],
    ['edm2_cond', 'D_x'],
  ] as const;
  for (const [name, output] of cases)
    test(`${name}: the file gives PyTorch's ${output}`, async () => {
      const { model, fixture } = await reference(name);
      const { tensor, host, json } = fixture;
      const { path, batch } = await exportOnnx(file(`${name}.onnx`), model);
      assert.equal(batch, 'any');
      const feed = async (t: tf.Tensor) => ({ data: (await t.data()) as Float32Array, shape: t.shape });
      const run = await openFile(path);
      const result = await run({
        x: await feed(tensor('in/x')),
        sigma: await feed(tf.reshape(tensor('in/sigma'), [-1])),
        ...(model.denoiser.classes > 0 && {
          labels: await feed(tf.mul(tensor('in/class_labels'), output === 'D_x' ? 1 : 0)),
        }),
      });
      const images = await imagesOf(tf.tensor(result.data, result.shape));
      const error = relativeError(images, host(`out/${output}`).data as Float32Array);
      const floor = (json.noise_floor as Floors).D_x.rel_l2;
      assert.ok(error < 10 * floor, `relative error ${error}, floor ${floor}`);
    });

  test('the file of an exact mixture gives the posterior mean in closed form', async () => {
    const { path, batch } = await exportOnnx(file('mixture.onnx'), mixtureDenoiser(twoModes));
    assert.equal(batch, 'any');
    const points = [[0.2, -0.3], [-1, 1.5], [3, 0.1]]; // prettier-ignore
    const sigma = [0.1, 0.7, 5];
    const run = await openFile(path);
    const result = await run({
      x: { data: Float32Array.from(points.flat()), shape: [3, 2] },
      sigma: { data: Float32Array.from(sigma), shape: [3] },
    });
    const exact = points.flatMap((x, i) => [...mixtureAt(factorise(twoModes), x, sigma[i]).denoised]);
    assertAllClose(result.data, exact, 1e-5);
  });
});
