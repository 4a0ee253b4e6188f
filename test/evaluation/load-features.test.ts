import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { loadFeatures } from '../../src/evaluation';
import { KNOWN_FEATURES, preprocessingText } from '../../src/features';
import { expectDeclaration } from '../../src/features/feature-plan';
import { CLASSIFIER_FILE } from '../../src/models';
import { declared, echo } from '../features/feature-files';
import { temporaryFolder } from '../temporary-folder';

const file = temporaryFolder();
before(() => selectBackend({ backend: 'cpu' }));

test('the declarations of the known networks are what their publishers do', () => {
  for (const { declaration } of Object.values(KNOWN_FEATURES)) expectDeclaration('known', declaration);
  const { inception, dinov2, mobilenet } = KNOWN_FEATURES;
  const text = (one: typeof inception): string => preprocessingText(one.declaration.preprocessing);
  assert.equal(text(inception), 'tf1-bilinear 299x299, range [-1, 0.9921875], float32 NCHW RGB');
  assert.equal(
    text(dinov2),
    'pil-bicubic 224x224, mean [0.485, 0.456, 0.406] std [0.229, 0.224, 0.225], float32 NCHW RGB',
  );
  assert.equal(text(mobilenet), 'pil-bicubic 224x224, bytes, uint8 NCHW RGB');
});

test('the digit classifier is a feature network with the hash of its shipped file', async () => {
  const network = await loadFeatures('digits');
  assert.equal(network.sha256, createHash('sha256').update(readFileSync(CLASSIFIER_FILE)).digest('hex'));
  assert.deepEqual([network.d, network.classes], [64, 10]);
  await network.dispose();
});

test('an ONNX file is used as the declaration beside it says', async () => {
  const path = echo(file('own.onnx'), ['n', 1, 2, 3]);
  await assert.rejects(loadFeatures(path), /own.onnx.json must declare what the network sees, such as \{"name":/);
  writeFileSync(`${path}.json`, '{"name":');
  await assert.rejects(loadFeatures(path), /own.onnx.json must be JSON/);
  writeFileSync(`${path}.json`, JSON.stringify(declared({ channels: 'BGR' }, { name: 'own' })));
  const network = await loadFeatures(path, { workers: 1 });
  const images = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), n: 1, h: 1, w: 2, c: 3 };
  assert.deepEqual([...(await network.extract(images)).features.data], [3, 2, 1, 6, 5, 4]);
  assert.deepEqual([network.name, network.d], ['own', 6]);
  await network.dispose();
});

test('what is not there is an error that says where it belongs and how to get it', async () => {
  const missing = loadFeatures('inception', { file: file('nowhere.onnx') });
  await assert.rejects(missing, /put it at .*nowhere.onnx; `cosim features fetch inception` downloads it or says how/);
  await assert.rejects(loadFeatures(file('nowhere.onnx')), /the ONNX file must be there, got '.*nowhere.onnx'/);
  await assert.rejects(loadFeatures('dinov3'), /unknown feature network 'dinov3'. Did you mean 'dinov2'/);
});

test('options that a network does not use are refused', async () => {
  for (const options of [{ file: 'x.onnx' }, { engine: 'onnx' }, { workers: 2 }] as const)
    await assert.rejects(loadFeatures('digits', options), /must be absent: 'digits' does not use it/);
  await assert.rejects(loadFeatures('own.onnx', { file: 'x.onnx' }), /file must be absent: 'own.onnx' does not use it/);
});
