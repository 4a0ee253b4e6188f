import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { jumpTimes } from '../../src/diffusion';
import { denoising, type DistillMethod } from '../../src/methods';
import { denoiserFromConfig, freshParameters } from '../../src/networks';
import { distill, Run } from '../../src/training';
import { temporaryFolder } from '../temporary-folder';
import { tinyImageNet, tinyImages } from '../tiny';
import { cosim } from './commands';

const file = temporaryFolder();

before(() => selectBackend({ backend: 'cpu' }));

/** One step of a method in a folder; also a run's times that were searched for. */
const trained = async (dir: string, method: DistillMethod | 'denoising'): Promise<void> => {
  const { sigmaData, ...config } = tinyImageNet().config;
  const preconditioning = { kind: 'edm', sigmaData, sigmaMax: 60 }; // where Heun begins
  const denoiser = denoiserFromConfig({ ...config, preconditioning });
  const parameters = freshParameters(denoiser, 0);
  const options = { batch: 2, engine: 'eager' } as const;
  const run =
    method === 'denoising'
      ? Run.start(denoising(denoiser), { phi: parameters }, tinyImages, options)
      : distill({ teacher: { denoiser, parameters }, dataset: tinyImages, method, run: options });
  tf.dispose(parameters);
  run.setTimes([70, 1.2]);
  await run.train({ images: 2, dir });
  run.dispose();
};

const range = { sigmaMin: 0.01, sigmaMax: 40, rho: 5 };

const methods: DistillMethod[] = [
  { kind: 'cosim' },
  { kind: 'sid', startSigma: 2.5 },
  { kind: 'moment-matching', range },
  { kind: 'hsivi', levels: [30, 3, 0.3] },
];

for (const method of [...methods, 'denoising'] as const) {
  const kind = method === 'denoising' ? method : method.kind;
  test(`a ${kind} run draws to the bit what the file draws that it is converted to`, async () => {
    const [dir, one] = [file(kind), file(`${kind}.safetensors`)];
    await trained(dir, method);
    assert.equal((await cosim('convert', dir, one)).code, 0);
    const drawn = async (network: string, ...more: string[]): Promise<string> => {
      const out = file('drawn.safetensors');
      const { code, err } = await cosim('sample', '--network', network, '--seeds', '0-2', ...more, '--out', out);
      assert.equal(code, 0, err);
      return readFileSync(out).toString('base64');
    };
    for (const more of [[], ['--steps', '2']]) assert.equal(await drawn(one, ...more), await drawn(dir, ...more));
    if (kind !== 'denoising')
      // 2 steps are those that were found
      assert.equal(await drawn(one, '--times', '70,1.2'), await drawn(dir, '--steps', '2'));
  });
}

test('the sampler of a converted SiD generator is exported with its own level, 2.5', async () => {
  const { code, out } = await cosim('export', file('sid.safetensors'), '--steps', '1', '--onnx', file('sid.onnx'));
  assert.equal(code, 0);
  assert.match(out, /sampler with times 2\.5, noise/);
});

test('times that follow from the range of noise levels are in the file', async () => {
  const times = jumpTimes(4, range).map(String);
  const [by, asked] = await Promise.all(
    [[], ['--times', times.join()]].map(async (more, i) => {
      const out = file(`${i}.safetensors`);
      await cosim('sample', '--network', file('moment-matching.safetensors'), '--seeds', '0', ...more, '--out', out);
      return readFileSync(out).toString('base64');
    }),
  );
  assert.equal(Number(times[0]).toFixed(6), '40.000000');
  assert.equal(by, asked);
});
