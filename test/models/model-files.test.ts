import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { saveTensors } from '../../src/checkpoints';
import { selectBackend } from '../../src/compute/backend';
import {
  generatorFile,
  GENERATOR_NAMES,
  loadModel,
  loadNetwork,
  loadTeacher,
  modelFile,
  teacherFile,
} from '../../src/models';
import {
  ddpmpp,
  edmDenoiser,
  initialParameters,
  mixtureDenoiser,
  mlp,
  saveModel,
  type Tensors,
} from '../../src/networks';
import { gaussians } from '../close';
import { withFolder } from '../temporary-folder';

const tiny = { resolution: 8, channels: 1, modelChannels: 8, channelMult: [1, 2], blocks: 1, attention: [4] };
const values = async (tensors: Tensors): Promise<Record<string, number[]>> => {
  const entries = Object.entries(tensors).map(async ([name, t]) => [name, Array.from(await t.data())] as const);
  return Object.fromEntries(await Promise.all(entries));
};

describe('models in files', () => {
  test('come back bit for bit, with their configuration, and denoise the same', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'wasm' });
      const x = tf.tensor(gaussians(3 * 64, 'x'), [3, 8, 8, 1]);
      const sigma = tf.tensor1d([0.1, 1, 50]);
      const denoiser = edmDenoiser(ddpmpp({ ...tiny, classes: 4, dropout: 0.1 }), { sigmaData: 0.4 });
      const parameters = initialParameters(denoiser.parameters, 5);
      await saveModel(join(dir, 'm.safetensors'), { denoiser, parameters }, { note: 'tiny' });
      const loaded = await loadNetwork(join(dir, 'm.safetensors'));
      assert.equal((loaded.provenance.values as Record<string, unknown>).note, 'tiny');
      assert.deepEqual(loaded.denoiser.config, denoiser.config);
      assert.deepEqual(await values(loaded.parameters), await values(parameters));
      assert.deepEqual(Object.keys(loaded.parameters), Object.keys(parameters));
      assert.deepEqual(
        await loaded.denoiser.denoise(loaded.parameters, x, sigma).data(),
        await denoiser.denoise(parameters, x, sigma).data(),
      );
    }));

  test('a mixture comes back too', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'cpu' });
      const model = mixtureDenoiser({ weights: [0.4, 0.6], means: [[-1], [2]], covariances: [[[0.1]], [[0.2]]] });
      await saveModel(join(dir, 'm.safetensors'), model);
      const loaded = await loadNetwork(join(dir, 'm.safetensors'));
      assert.deepEqual(await values(loaded.parameters), await values(model.parameters));
    }));

  test('files that are no model, or of another network, are refused by name', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'cpu' });
      const path = join(dir, 'm.safetensors');
      await saveTensors(path, { a: tf.ones([1]) });
      await assert.rejects(loadModel(path), /m\.safetensors: the file does not say what network it holds/);
      const config = JSON.stringify(edmDenoiser(mlp({ width: 8 })).config);
      await saveTensors(path, { a: tf.ones([1]) }, { format: 'cosim-model-1', config });
      const before = tf.memory().numTensors;
      await assert.rejects(loadModel(path), /parameters do not fit the network; missing model\.map_layer0/);
      assert.equal(tf.memory().numTensors, before, 'nothing stays behind');
    }));

  test('come with how they are sampled from; a generator in few steps is no teacher', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'cpu' });
      const before = tf.memory().numTensors;
      const denoiser = edmDenoiser(mlp({ width: 8 }));
      const parameters = initialParameters(denoiser.parameters, 5);
      const [plain, few, odd, wrong] = ['plain', 'few', 'odd', 'wrong'].map(name => join(dir, `${name}.safetensors`));
      const model = { denoiser, parameters };
      await saveModel(plain, model);
      await saveModel(few, model, { sampler: 'multistep', times: '{"1":[80],"2":[80,0.3]}' });
      await saveModel(odd, model, { sampler: 'euler' });
      await saveModel(wrong, model, { sampler: 'multistep', times: '{"2":[80]}' });
      tf.dispose(parameters);
      const teacher = await loadModel(plain);
      assert.deepEqual([teacher.sampler, teacher.times], ['heun', undefined]);
      const generator = await loadModel(few);
      assert.deepEqual([generator.sampler, generator.times], ['multistep', { 1: [80], 2: [80, 0.3] }]);
      const same = await loadTeacher(plain);
      tf.dispose([teacher.parameters, generator.parameters, same.parameters]);
      await assert.rejects(loadTeacher(few), /few\.safetensors' is a generator in few steps; a teacher is a diffusion/);
      await assert.rejects(loadModel(odd), /names the sampler 'euler'; known: multistep, ancestral, heun/);
      await assert.rejects(
        loadModel(wrong),
        /'times' must be lists of noise levels by number of steps, got {"2":\[80\]}/,
      );
      await assert.rejects(loadModel(dir), /no checkpoint of a run in this folder/);
      assert.equal(tf.memory().numTensors, before, 'nothing stays behind');
    }));

  test('are found by name, or the nearest name is told', async () => {
    await selectBackend({ backend: 'cpu' });
    assert.equal(await modelFile('digits'), teacherFile('digits'));
    assert.equal(await modelFile(teacherFile('digits')), teacherFile('digits'));
    await assert.rejects(loadModel('digit'), /loadModel: unknown model, and no file, 'digit'. Did you mean 'digits'/);
    await assert.rejects(modelFile('digit'), /Did you mean 'digits'/);
    const { denoiser, sampler } = await loadModel('digits');
    assert.deepEqual([denoiser.classes, sampler], [10, 'heun']);
    for (const name of GENERATOR_NAMES) {
      const generator = await loadModel(name);
      assert.deepEqual(
        [generator.denoiser.classes, generator.sampler, generator.times?.[4]?.length],
        [name === 'cifar10-cosim' ? 0 : 10, 'multistep', 4],
      );
      await assert.rejects(loadTeacher(name), /is a generator in few steps/);
    }
  });

  test('the card of a shipped generator tells its file, and the times that it samples at', async () => {
    await selectBackend({ backend: 'cpu' });
    for (const name of GENERATOR_NAMES) {
      const file = generatorFile(name);
      const card = JSON.parse(readFileSync(file.replace(/safetensors$/, 'json'), 'utf8')) as {
        weights: { sha256: string };
        times: Record<number, number[]>;
        search: { steps: number[] };
      };
      assert.equal(card.weights.sha256, createHash('sha256').update(readFileSync(file)).digest('hex'), name);
      const { times } = await loadModel(name);
      assert.deepEqual(times, card.times, name);
      for (const steps of card.search.steps) assert.equal(times?.[steps]?.length, steps, name);
    }
  });
});
