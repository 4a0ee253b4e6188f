import assert from 'node:assert/strict';
import { afterEach, before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { chooseCompute, eagerReason, engineNamed } from '../../src/compute/engine-choice';
import type { Device } from '../../src/compute/xla/device';
import { useDevice } from '../../src/compute/xla/shared-device';

const device = (accelerates: boolean): Device => ({
  name: 'a card',
  count: 1,
  accelerates,
  compile: () => Promise.reject(new Error('not here')),
  upload: () => Promise.reject(new Error('not here')),
});

const variable = process.env.COSIM_ENGINE;

before(() => selectBackend({ backend: 'wasm' }));
afterEach(() => {
  useDevice(undefined);
  if (variable === undefined) delete process.env.COSIM_ENGINE;
  else process.env.COSIM_ENGINE = variable;
});

test('auto takes an accelerator, and passes over a processor behind the same interface', async () => {
  delete process.env.COSIM_ENGINE;
  useDevice(device(true));
  assert.equal((await chooseCompute('auto')).engine, 'xla');
  useDevice(device(false));
  assert.equal((await chooseCompute('auto')).engine, 'onnx');
  assert.equal((await chooseCompute('xla')).engine, 'xla');
});

test('COSIM_ENGINE decides for auto only', async () => {
  useDevice(device(true));
  process.env.COSIM_ENGINE = 'eager';
  assert.deepEqual(await chooseCompute('auto'), { engine: 'eager', reason: 'asked for' });
  assert.equal((await chooseCompute('onnx')).engine, 'onnx');
  process.env.COSIM_ENGINE = 'fast';
  await assert.rejects(chooseCompute('auto'), /COSIM_ENGINE: engine must be one of/);
  process.env.COSIM_ENGINE = ''; // as if it were not set
  assert.equal((await chooseCompute('auto')).engine, 'xla');
});

test("'compiled' is onnx, with one warning", async () => {
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', listen);
  assert.equal(engineNamed('run', 'compiled'), 'onnx');
  assert.equal(engineNamed('run', 'compiled'), 'onnx');
  await new Promise(resolve => setImmediate(resolve));
  process.off('warning', listen);
  assert.deepEqual(warnings, ["the engine 'compiled' is called 'onnx' now"]);
});

test('the native backend computes by itself on a GPU only', () => {
  delete process.env.COSIM_ENGINE;
  const [before, factory] = [tf.getBackend(), () => new NativeBackend()];
  class NativeBackend extends tf.KernelBackend {
    isUsingGpuDevice = false;
  }
  tf.registerBackend('tensorflow', factory);
  const native = tf.findBackend('tensorflow') as NativeBackend;
  tf.setBackend('tensorflow').catch(assert.fail);
  try {
    assert.equal(eagerReason('auto'), undefined);
    native.isUsingGpuDevice = true;
    assert.match(eagerReason('auto')!, /tensorflow is used as it is/);
  } finally {
    tf.setBackend(before).catch(assert.fail);
    native.dispose = () => undefined;
    tf.removeBackend('tensorflow');
  }
});
