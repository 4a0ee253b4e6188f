import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { relativeError } from '../../scripts/parity/measure';
import { type HostTensor, readCheckpoint, readSafetensors, writeSafetensors } from '../../src/checkpoints';
import { selectBackend } from '../../src/compute/backend';
import { loadNetwork, loadTeacher, teacherFile } from '../../src/models';
import { saveModel } from '../../src/networks';
import { goldenCheckpoint } from '../checkpoints/golden';
import { TESTED_BACKENDS } from '../golden';
import { temporaryFolder } from '../temporary-folder';

const place = temporaryFolder();

/** An array of a fixture as a tensor, images as [B, H, W, C]; undefined where there is none. */
const inputOf = (tensors: Record<string, HostTensor>, name: string): tf.Tensor | undefined => {
  if (!(name in tensors)) return undefined;
  const { data, shape } = tensors[name];
  return tf.tidy(() => {
    const t = tf.tensor(data as Float32Array, shape);
    return shape.length === 4 ? tf.transpose(t, [0, 2, 3, 1]) : t;
  });
};

const teachers: [file: string, expected: string][] = [
  ['edm_ddpmpp.nosrc.pkl', 'edm_ddpmpp'],
  ['edm_ddpmpp.nosrc.proto2.pkl', 'edm_ddpmpp'],
  ['edm_adm.nosrc.pkl', 'edm_adm'],
  ['edm2_fp16.nosrc.pkl', 'edm2_fp16'],
  ['state_dict.pt', 'state_dict'],
  ['state_dict.legacy.pt', 'state_dict'],
];

for (const backend of TESTED_BACKENDS)
  test(`a checkpoint is a working teacher in one call: D(x, sigma) is PyTorch's, on ${backend}`, async t => {
    await selectBackend({ backend });
    for (const [file, expected] of teachers)
      await t.test(file, async () => {
        const before = tf.memory().numTensors;
        const json = readFileSync(goldenCheckpoint(`${expected}.json`), 'utf8');
        const { precond, ...kwargs } = (JSON.parse(json) as { kwargs: Record<string, unknown> }).kwargs;
        const about = file.startsWith('state_dict') ? { className: precond as string, initKwargs: kwargs } : {};
        const { denoiser, parameters } = await loadTeacher(goldenCheckpoint(file), about);
        const { tensors } = await readSafetensors(goldenCheckpoint(`${expected}.expected.safetensors`));
        const [x, sigma, labels, augment] = ['x', 'sigma', 'class_labels', 'augment_labels'].map(name =>
          inputOf(tensors, `in/${name}`),
        );
        const D = tf.tidy(() =>
          tf.transpose(denoiser.denoise(parameters, x!, sigma!, { labels, augment }), [0, 3, 1, 2]),
        );
        assert.ok(relativeError(await D.data(), tensors['out/D_x'].data as Float32Array) < 5e-6);
        tf.dispose([parameters, D, x!, sigma!, labels ?? [], augment ?? []]);
        assert.equal(tf.memory().numTensors, before, 'tensors left behind');
      });
  });

test('what a file does not say, or says wrongly, is an error that leaves no tensor behind', async () => {
  await selectBackend({ backend: 'cpu' });
  const before = tf.memory().numTensors;
  const file = goldenCheckpoint('state_dict.pt');
  await assert.rejects(loadNetwork(file), /does not say what network it holds; pass className and initKwargs/);
  const kwargs = { img_resolution: 8, img_channels: 1, model_type: 'SongUNet', model_channels: 8 };
  await assert.rejects(loadNetwork(file, { className: 'EDMPrecond', initKwargs: kwargs }), /do not fit the network/);
  await assert.rejects(loadNetwork(file, { className: 'Evil', initKwargs: kwargs }), /unknown class 'Evil'/);
  await assert.rejects(loadNetwork(file, { klass: 'Evil' } as object), /unknown option 'klass'/);
  await assert.rejects(loadTeacher('digit'), /unknown model, and no file, 'digit'. Did you mean 'digits'/);
  assert.equal(tf.memory().numTensors, before);
});

test('converted files load as what they were converted from; our own models load too', async () => {
  await selectBackend({ backend: 'cpu' });
  const { tensors, className, initKwargs } = await readCheckpoint(goldenCheckpoint('edm_adm.nosrc.pkl'));
  const converted = place('adm.safetensors');
  await writeSafetensors(converted, tensors, { class_name: className!, init_kwargs: JSON.stringify(initKwargs) });
  const [a, b] = [await loadNetwork(converted), await loadNetwork(goldenCheckpoint('edm_adm.nosrc.pkl'))];
  assert.deepEqual(a.denoiser.config, b.denoiser.config);
  for (const [name, tensor] of Object.entries(b.parameters))
    assert.deepEqual(await a.parameters[name].data(), await tensor.data());
  const own = place('own.safetensors');
  await saveModel(own, a);
  const again = await loadNetwork(own);
  assert.deepEqual(again.denoiser.config, b.denoiser.config);
  assert.equal((await loadTeacher(teacherFile('digits'))).denoiser.classes, 10);
});
