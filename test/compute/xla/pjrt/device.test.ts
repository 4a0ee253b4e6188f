import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../../src/compute';
import { trace } from '../../../../src/compute/graph/trace';
import { moduleOf } from '../../../../src/compute/xla/emit';
import { alive, compileCached, openXlaDevice, type PjrtDevice, PluginError } from '../../../../src/compute/xla/pjrt';
import { temporaryFolder } from '../../../temporary-folder';
import { runOnDevice } from '../run-on-device';
import { cpuPlugin } from './cpu-plugin';

const DOUBLE = `module @double {
  func.func public @main(%x: tensor<3xf32> {tf.aliasing_output = 0 : i32}) -> tensor<3xf32> {
    %0 = stablehlo.add %x, %x : tensor<3xf32>
    return %0 : tensor<3xf32>
  }
}`;

const SUM_OVER_DEVICES = `module @sum {
  func.func public @main(%x: tensor<2xf32>) -> tensor<2xf32> {
    %0 = "stablehlo.all_reduce"(%x) <{replica_groups = dense<[[0, 1, 2]]> : tensor<1x3xi64>}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %s = stablehlo.add %a, %b : tensor<f32>
        stablehlo.return %s : tensor<f32>
    }) : (tensor<2xf32>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}`;

describe('XLA itself through its plugin for the CPU', () => {
  let device: PjrtDevice;
  let aliveBefore = { ...alive };
  const cache = temporaryFolder()();
  before(async () => {
    aliveBefore = { ...alive };
    await selectBackend({ backend: 'wasm' });
    device = await openXlaDevice({ plugin: cpuPlugin(), cache });
  });
  after(() => {
    device.dispose();
    assert.deepEqual(alive, aliveBefore);
  });

  test('the plugin and its devices', () => {
    assert.equal(device.client.platform, 'cpu');
    assert.ok(device.count >= 3);
  });

  test('a module is compiled once, then loaded, and computes the same; its argument is donated', async () => {
    for (const expected of ['compiler', 'cache']) {
      const { program, from } = await compileCached(device.client, DOUBLE, { cache, donated: [0] });
      assert.equal(from, expected);
      assert.equal(program.memory?.aliased, 12);
      const x = await device.client.upload(Float32Array.of(1, 2, 3), [3]);
      const [y] = await program.run([x]);
      assert.ok(x.isDisposed);
      assert.deepEqual(await y.read(new Float32Array(3)), Float32Array.of(2, 4, 6));
      y.dispose();
      program.dispose();
    }
  });

  test('a module that XLA refuses is an error with its words', async () => {
    await assert.rejects(device.client.compile('module @m { nonsense }'), /Client_Compile: .*nonsense/);
  });

  test('this plugin has other extensions, and no profiler', async () => {
    await assert.rejects(
      device.client.kernelTimes(() => assert.fail('begun')),
      (e: Error) => e instanceof PluginError && e.message.includes('has no profiler'),
    );
  });

  test('a sum over three devices', async () => {
    const program = await device.client.compile(SUM_OVER_DEVICES, { replicas: 3 });
    const inputs = await Promise.all([1, 10, 100].map(n => device.client.upload(Float32Array.of(n, -n), [2], 'float32', [1, 10, 100].indexOf(n)))); // prettier-ignore
    const outputs = await program.runOn(inputs.map(x => [x]));
    for (const [y] of outputs) assert.deepEqual(await y.read(new Float32Array(2)), Float32Array.of(111, -111));
    for (const x of [...inputs, ...outputs.flat()]) x.dispose();
    program.dispose();
  });

  test('a traced function', async () => {
    const f = ({ x, w }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => ({ y: tf.softmax(tf.matMul(x, w)) });
    const module = moduleOf(trace(f, { x: [2, 3], w: [3, 2] }));
    const given = { x: Float32Array.of(1, 2, 3, 4, 5, 6), w: Float32Array.of(1, 0, 0, 1, 0, 0) };
    const { y } = await runOnDevice(device, module, given);
    // rows of x w are [1, 2] and [4, 5]: softmax of a difference of 1
    const small = 1 / (1 + Math.E);
    y.forEach((value, i) => {
      assert.ok(Math.abs(value - (i % 2 === 0 ? small : 1 - small)) < 1e-6);
    });
  });
});
