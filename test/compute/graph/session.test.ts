import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import { ArgumentError } from '../../../src/compute/check';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { compile, type Compiled, compileModel } from '../../../src/compute/onnx/compile';
import { encodeOnnx } from '../../../src/compute/onnx/onnx-file';
import { assertAllClose, gaussians } from '../../close';
import { testedLowerings } from './lowerings';

before(() => selectBackend({ backend: 'wasm' }));

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Megabytes of this process without garbage. */
const memory = (): number => {
  collectGarbage();
  return process.memoryUsage().rss / 2 ** 20;
};

describe('a compiled function', () => {
  let twice: Compiled;
  before(async () => {
    twice = await compile(({ x, offset }) => ({ y: tf.add(tf.mul(x, 2), offset) }), {
      shapes: { x: [2, 3], offset: [] },
    });
  });
  after(() => twice.dispose());
  const x = Float32Array.of(1, 2, 3, 4, 5, 6);
  const offset = Float32Array.of(10);

  test('refuses arrays of a wrong length, and missing ones, by name', async () => {
    await assert.rejects(twice({ x: x.subarray(1), offset }), {
      name: 'ArgumentError',
      message: 'compiled function: x must be 6 numbers (shape [2, 3]), got 5',
    });
    await assert.rejects(twice({ x }), /compiled function: offset must be 1 numbers \(shape \[\]\), got undefined/);
  });

  test('gives fresh arrays: what a caller does to them changes no other result', async () => {
    const first = await twice({ x, offset });
    first.y.fill(0);
    const second = await twice({ x, offset });
    assert.deepEqual([...second.y], [12, 14, 16, 18, 20, 22]);
    assert.deepEqual([...first.y], [0, 0, 0, 0, 0, 0]);
  });

  test('calls that overlap, one of them wrong, each get their own result', async () => {
    const calls = [0, 1, 2].map(o => twice({ x, offset: Float32Array.of(o) }));
    const wrong = assert.rejects(twice({ x: offset, offset }), ArgumentError);
    const last = twice({ x, offset: Float32Array.of(3) });
    assert.deepEqual(
      (await Promise.all([...calls, last])).map(r => r.y[0]),
      [2, 3, 4, 5],
    );
    await wrong;
  });

  test('cannot be called once it is disposed', async () => {
    const short = await compile(t => ({ y: tf.neg(t.x) }), { shapes: { x: [1] } });
    const running = short({ x: Float32Array.of(1) });
    await short.dispose();
    assert.deepEqual([...(await running).y], [-1], 'a call before it is still answered');
    await assert.rejects(short({ x: Float32Array.of(1) }), /disposed/);
  });
});

/** A convolution with bias and activation, its loss and all gradients. */
const step: TensorFunction = ({ x, w, b }) => {
  const { value, grads } = tf.valueAndGrads((image, filter, bias) => {
    const y = tf.add(tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'), bias);
    return tf.mean(tf.square(tf.mul(y, tf.sigmoid(y))));
  })([x, w, b]);
  return { loss: value, dx: grads[0], dw: grads[1], db: grads[2] };
};
const shapes = { x: [4, 8, 8, 5], w: [3, 3, 5, 7], b: [7] };
const arrays = { x: gaussians(4 * 8 * 8 * 5, 'x'), w: gaussians(3 * 3 * 5 * 7, 'w'), b: gaussians(7, 'b') };

describe('the same step', () => {
  test('compiled twice is the same file, byte by byte; other shapes and lowerings are other files', async () => {
    const files = new Set<string>();
    for (const lowering of await testedLowerings()) {
      const [first, second] = [await compileModel(step, shapes, lowering), await compileModel(step, shapes, lowering)];
      assert.deepEqual(encodeOnnx(first), encodeOnnx(second));
      files.add(Buffer.from(encodeOnnx(first)).toString('base64'));
      files.add(Buffer.from(encodeOnnx(await compileModel(step, { ...shapes, x: [2, 8, 8, 5] }, lowering))).toString('base64')); // prettier-ignore
    }
    assert.equal(files.size, 2 * (await testedLowerings()).length);
  });

  test('on both lowerings gives the same numbers, from run to run to the bit', async () => {
    const results = [];
    for (const lowering of await testedLowerings()) {
      const compiled = await compile(step, { shapes, lowering });
      const [first, second] = [await compiled(arrays), await compiled(arrays)];
      assert.deepEqual(first, second);
      await compiled.dispose();
      results.push(first);
    }
    for (const name of ['loss', 'dx', 'dw', 'db'])
      assertAllClose(results[0][name], results[results.length - 1][name], 2e-6, name);
  });

  test('run 1,000 times keeps memory flat', async () => {
    const compiled = await compile(step, { shapes });
    const megabytes = async (runs: number): Promise<number> => {
      for (let i = 0; i < runs; i++) {
        await compiled(arrays);
        if (i % 50 === 0) collectGarbage(); // so that garbage does not raise the peak
      }
      return memory();
    };
    await megabytes(300); // pools settle
    const [early, late] = [await megabytes(100), await megabytes(1000)];
    await compiled.dispose();
    // inputs and results of a run are 14 kB: a leak of them alone would be 14 MB
    assert.ok(late - early < 7, `${early.toFixed(1)} MB after 400 runs, ${late.toFixed(1)} MB after 1,400`);
  });

  test('compiled and disposed 100 times gives its memory back', async () => {
    const megabytes = async (times: number): Promise<number> => {
      for (let i = 0; i < times; i++)
        await (await compile(t => ({ y: tf.exp(t.x) }), { shapes: { x: [64] } })).dispose();
      return memory();
    };
    await megabytes(30);
    const [early, late] = [await megabytes(10), await megabytes(100)];
    assert.ok(late - early < 30, `${early.toFixed(1)} MB, ${late.toFixed(1)} MB after 100 more`);
  });
});
