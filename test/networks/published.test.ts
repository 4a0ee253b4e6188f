import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import {
  auxiliaryOf,
  parameterCount,
  PUBLISHED_NAMES,
  publishedDenoiser,
  type PublishedName,
} from '../../src/networks';
import { PAPER_PRESET_NAMES, paperPreset, newRunOptions } from '../../src/training';
import { goldenFolder } from '../golden';

type Counted = { parameters: number; parameters_with_duplicated_time_embedding: number };

const counts = (file: string): Record<string, Counted> =>
  (
    JSON.parse(readFileSync(join(goldenFolder, 'counts', `${file}.json`), 'utf8')) as {
      networks: Record<string, Counted>;
    }
  ).networks;

test('the published networks have as many parameters as the reference modules, and none is allocated', async () => {
  await selectBackend({ backend: 'cpu' });
  const recorded: Record<string, Counted> = { ...counts('edm'), ...counts('edm2') };
  const names: [PublishedName, string][] = [
    ['edm-cifar10-32x32-uncond-vp', 'edm_cifar10_uncond_ddpmpp'],
    ['edm-imagenet-64x64-cond-adm', 'edm_imagenet64_cond_adm'],
    ...(['xs', 's', 'm', 'l', 'xl', 'xxl'] as const).map(
      size => [`edm2-img512-${size}`, `edm2_img512_${size}`] satisfies [PublishedName, string],
    ),
  ];
  const before = tf.memory().numTensors;
  for (const [name, key] of names) {
    const denoiser = publishedDenoiser(name);
    assert.equal(parameterCount(denoiser.parameters), recorded[key].parameters, name);
    assert.equal(
      parameterCount(auxiliaryOf(denoiser).parameters),
      recorded[key].parameters_with_duplicated_time_embedding,
      name,
    );
  }
  for (const name of PUBLISHED_NAMES) assert.ok(parameterCount(publishedDenoiser(name).parameters) > 5e7, name);
  assert.equal(tf.memory().numTensors, before);
});

test("Table 5: every run has the paper's batch, size and rate of dropout", () => {
  // the paper's own figures: parameters in millions, dropout, learning rate, images in millions
  const expected = {
    'cifar10-uncond': [56, 0, 1e-5, 200],
    'cifar10-cond': [56, 0, 1e-5, 200],
    imagenet64: [296, 0.1, 4e-6, 200],
    'img512-s': [280, 0, 2e-5, 200],
    'img512-m': [498, 0.1, 2e-5, 200],
    'img512-l': [778, 0.1, 1e-4, 20],
  };
  assert.deepEqual(PAPER_PRESET_NAMES, Object.keys(expected));
  for (const name of PAPER_PRESET_NAMES) {
    const { generator, run, images } = paperPreset(name);
    const [millions, dropout, rate, total] = expected[name];
    assert.ok(Math.abs(parameterCount(generator.parameters) / 1e6 - millions) < 1, name); // rounded up and down there
    assert.deepEqual([generator.config.dropout, run.learningRate, images], [dropout, rate, total * 1e6]);
    assert.equal(newRunOptions(run).batch, 2048);
  }
});

test('unknown names are refused with the nearest', () => {
  assert.throws(
    () => publishedDenoiser('edm2-img512' as never),
    /unknown network 'edm2-img512'. Did you mean 'edm2-img512-/,
  );
  assert.throws(() => paperPreset('cifar' as never), /unknown preset 'cifar'/);
});
