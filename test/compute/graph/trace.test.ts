import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import { show } from '../../../src/compute/graph/graph';
import { trace, TraceError } from '../../../src/compute/graph/trace';
import { traceTwice } from '../../../src/compute/graph';
import { modelOf, targetFor } from '../../../src/compute/onnx';
import { valueAndGradients } from '../../../src/compute/tensors';
import { runCompiled } from './lowerings';

const IMAGE = { x: [1, 4, 4, 2] };
const image = (x: tf.Tensor): tf.Tensor4D => x as tf.Tensor4D;

before(() => selectBackend({ backend: 'wasm' }));
afterEach(() => assert.equal(tf.getBackend(), 'wasm'));

describe('what a trace records', () => {
  test('one value an operation, named inputs and results', () => {
    const { results } = trace(({ x, y }) => ({ z: tf.mul(tf.exp(x), y), twice: tf.exp(x) }), { x: [2, 3], y: [3] });
    assert.equal(show(results), ['%2 = exp(x) [2,3]', '%3 = mul(%2, y) [2,3]', 'z: %3', 'twice: %2'].join('\n'));
  });

  test('the gradient is part of it: d sum(exp x) / dx = exp x, computed once', () => {
    const { results } = trace(
      inputs => {
        const { value, gradients } = valueAndGradients(({ x }) => ({ value: tf.sum(tf.exp(x)), metrics: {} }), inputs);
        return { value, gradient: gradients.x };
      },
      { x: [3] },
    );
    assert.equal(show(results), ['%1 = exp(x) [3]', '%2 = sum(%1) {"axes":[0]} [1]', '%3 = reshape(%2) []', 'value: %3', 'gradient: %1'].join('\n')); // prettier-ignore
  });
});

test('without a backend the message says what to do, and it can be done then', () => {
  const graph = (file: string): string => JSON.stringify(join(__dirname, '../../../src/compute', file));
  const script = `
    const { targetFor } = require(${graph('onnx/probe')});
    const { selectBackend } = require(${graph('backend')});
    targetFor('auto').catch(async error => {
      console.log(error.message);
      await selectBackend({ backend: 'wasm' });
      console.log(typeof (await targetFor('auto')).block);
    });`;
  const env = { ...process.env, COSIM_LOWERING: 'auto' };
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '-e', script], { encoding: 'utf8', env });
  assert.equal(stdout, 'no backend is active: choose one first (selectBackend)\nnumber\n', stderr);
});

describe('what a step must not do is refused', () => {
  const refused = (what: string, f: (x: tf.Tensor) => tf.Tensor, message: RegExp): void => {
    test(what, () => {
      assert.throws(
        () => trace(({ x }) => ({ y: f(x) }), IMAGE),
        (error: Error) => {
          assert.ok(error instanceof TraceError, error.stack);
          assert.match(error.message, message);
          assert.match(error.message, /trace\.test\.ts:\d+:\d+/, 'names the line of the step');
          return true;
        },
      );
    });
  };

  refused('reading a value', x => tf.mul(x, tf.sum(x).dataSync()[0]), /value of a traced tensor \(.*\) was read/);
  refused('a kernel that is not in the table', x => tf.cumsum(x, 1), /kernel Cumsum cannot be traced/);
  refused('maximum pooling', x => tf.maxPool(image(x), 2, 2, 'same'), /kernel MaxPool cannot be traced/);
  refused('pooling with windows that overlap', x => tf.avgPool(image(x), 3, 1, 'same'), /AvgPool: .*windows tile/);
  refused('pooling with padding', x => tf.avgPool(image(x), 2, 2, 1), /AvgPool: .*windows tile/);
  refused('resizing by 3/2', x => tf.image.resizeNearestNeighbor(image(x), [6, 6]), /whole factors/);
  refused('resizing with aligned corners', x => tf.image.resizeNearestNeighbor(image(x), [8, 8], true), /aligned/);
  refused('several filters a channel', x => tf.depthwiseConv2d(image(x), tf.ones([3, 3, 2, 2]), 1, 'same'), /several/);
  refused('other image layouts', x => tf.conv2d(image(x), tf.ones([1, 1, 4, 2]), 1, 0, 'NCHW'), /NCHW|NHWC/);
  refused('an activation without a rule', x => tf.fused.conv2d({ x: image(x), filter: tf.ones([1, 1, 2, 2]), strides: 1, pad: 0, activation: 'relu6' }), /relu6/); // prettier-ignore
  refused('texts', x => tf.add(x, tf.cast(tf.tensor(['a']), 'float32')), /string/);

  test('chance: normal and uniform noise, dropout, a scalar, a branch', () => {
    const { random } = Math;
    let calls = 0;
    for (const f of [
      (x: tf.Tensor) => tf.add(x, tf.randomNormal(x.shape)),
      (x: tf.Tensor) => tf.add(x, tf.randomUniform(x.shape)),
      (x: tf.Tensor) => tf.dropout(x, 0.5),
      (x: tf.Tensor) => tf.mul(x, random()),
      (x: tf.Tensor) => (calls++ % 2 === 0 ? tf.sub(x, tf.exp(x)) : tf.sub(tf.exp(x), x)),
      (x: tf.Tensor) => tf.reshape(x, calls++ % 2 === 0 ? [8, 4] : [4, 8]),
    ])
      assert.throws(() => traceTwice(({ x }) => ({ y: f(x) }), IMAGE), /chance or a clock inside. Make noise an input/);
  });

  test('a tensor that an earlier trace left behind', () => {
    let left: tf.Tensor | undefined;
    trace(({ x }) => ({ y: (left = tf.keep(tf.exp(x))) }), { x: [2] });
    assert.throws(() => trace(({ x }) => ({ y: tf.add(x, left!) }), { x: [2] }), /tensor of an earlier trace was used/);
    left?.dispose();
  });
});

describe('a trace leaves no trace', () => {
  test('the backend from before is active again, also after an error', () => {
    assert.throws(() =>
      trace(
        () => {
          assert.equal(tf.getBackend(), 'trace');
          throw new Error('from the step');
        },
        { x: [1] },
      ),
    );
    assert.equal(tf.getBackend(), 'wasm');
    assert.deepEqual([...tf.square([1, 2, 3]).dataSync()], [1, 4, 9]);
  });

  test('a captured tensor with a row for each sample is refused by name where the batch is shared', async () => {
    const labels = tf.ones([4, 3]);
    const f = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => ({ y: tf.concat([x, labels], 1) });
    const [shapes, target] = [{ x: [2, 3] }, await targetFor('portable')];
    for (let round = 0; round < 2; round++)
      assert.throws(
        () => modelOf(f, shapes, target, { batch: 4, parts: 2 }),
        /a tensor of shape \[4, 3\] that is not one of its inputs/,
      );
    labels.dispose();
  });

  test('captured tensors are constants, and work eagerly before, between and after', async () => {
    const captured = tf.tensor1d([1, 2, 3]);
    const same = tf.fill([3], 5);
    const truth = tf.tensor1d([1, 0, 1], 'bool');
    const f = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => ({
      y: tf.where(truth, tf.mul(x, captured), same),
    });
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(
        [...(await runCompiled(f, { x: { shape: [3], data: [10, 20, 30] } }, 'portable')).y],
        [10, 5, 90],
      );
      assert.deepEqual([...tf.add(captured, same).dataSync()], [6, 7, 8]);
      assert.deepEqual([...truth.dataSync()], [1, 0, 1]);
    }
    tf.dispose([captured, same, truth]);
  });

  test('a captured tensor that was cloned may be disposed: the clone keeps its values', () => {
    const captured = tf.tensor1d([1, 2, 3]);
    const clone = tf.clone(captured);
    trace(({ x }) => ({ y: tf.add(x, captured) }), { x: [3] });
    captured.dispose();
    assert.deepEqual([...tf.add(clone, 1).dataSync()], [2, 3, 4]);
    const again = tf.clone(clone);
    clone.dispose();
    assert.deepEqual([...again.dataSync()], [1, 2, 3]);
    again.dispose();
  });

  test('no tensor and no buffer stays behind, also after an error', () => {
    const captured = tf.tensor1d([1, 2, 3]);
    const f = ({ x }: Record<string, tf.Tensor>) => {
      const { value, gradients } = valueAndGradients(
        t => ({ value: tf.sum(tf.mul(tf.square(t.x), captured)), metrics: { norm: tf.norm(t.x) } }),
        { x },
      );
      return { value, x: gradients.x };
    };
    trace(f, { x: [3] });
    const { numTensors, numDataBuffers, numBytes } = tf.memory();
    for (let i = 0; i < 3; i++) {
      trace(f, { x: [3] });
      assert.throws(() => trace(t => ({ y: tf.cumsum(f(t).x) }), { x: [3] }), TraceError);
    }
    const { numTensors: tensors, numDataBuffers: buffers, numBytes: bytes } = tf.memory();
    assert.deepEqual([tensors, buffers, bytes], [numTensors, numDataBuffers, numBytes]);
    captured.dispose();
  });
});
