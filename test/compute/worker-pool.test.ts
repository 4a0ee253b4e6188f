/* The threads that run compiled programs: what fails is said, and the next call begins anew. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import {
  acquireProgram,
  assign,
  compileModel,
  dismissWorkers,
  releaseProgram,
  runOn,
  sharedArray,
  waitFor,
} from '../../src/compute/onnx';
import { workers } from '../../src/compute/onnx/worker-pool';

before(() => selectBackend({ backend: 'wasm' }));
after(dismissWorkers);

/** y = 2 x, of three numbers. */
const doubling = async () => acquireProgram(await compileModel(({ x }) => ({ y: tf.mul(x, 2) }), { x: [3] }));

describe('threads that run compiled programs', () => {
  test('a program that could not be opened is opened by the next run', async () => {
    const program = await doubling();
    const broken = { ...program, id: -1, parts: { ...program.parts, bytes: new Uint8Array([8, 7, 6]) } };
    const [x, y] = [sharedArray(3), sharedArray(3)];
    assign(x, [1, 2, 3]);
    await assert.rejects(runOn(0, broken, { x }, { y }), /worker 0: .*(protobuf|model|parse)/i);
    await assert.rejects(runOn(0, broken, { x }, { y }), /worker 0: .*(protobuf|model|parse)/i);
    await runOn(0, { ...broken, parts: program.parts }, { x }, { y });
    assert.deepEqual([...y.data], [2, 4, 6]);
    await releaseProgram(program);
  });

  test('whoever waits without an event loop hears of a worker that has ended: its output was not written', async () => {
    const program = await doubling();
    const [x, y] = [sharedArray(3), sharedArray(3)];
    assign(x, [1, 2, 3]);
    const denoise = (): number[] => {
      y.data.fill(NaN);
      runOn(0, program, { x }, { y }).catch(() => undefined); // waitFor throws the failure
      waitFor(1);
      return [...y.data];
    };
    assert.deepEqual(denoise(), [2, 4, 6]);
    await workers()[0]!.thread.end();
    assert.throws(denoise, /worker 0 has ended by itself/);
    assert.deepEqual(denoise(), [2, 4, 6], 'another took its place');
    await releaseProgram(program);
  });
});
