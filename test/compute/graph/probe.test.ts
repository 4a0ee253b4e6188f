import assert from 'node:assert/strict';
import { afterEach, before, test } from 'node:test';
import { selectBackend } from '../../../src/compute/backend';
import { PORTABLE } from '../../../src/compute/onnx/lowering';
import { encodeOnnx } from '../../../src/compute/onnx/onnx-file';
import { probeBlock, targetFor } from '../../../src/compute/onnx/probe';
import { runtime, SESSION_OPTIONS } from '../../../src/compute/onnx/runtime';

before(() => selectBackend({ backend: 'wasm' }));
const given = process.env.COSIM_LOWERING;
afterEach(() => {
  if (given === undefined) delete process.env.COSIM_LOWERING;
  else process.env.COSIM_LOWERING = given;
});

/** Whether ONNX Runtime takes the operator that brings channels into blocks, here. */
const hasBlocks = async (): Promise<boolean> => {
  const value = (name: string) => ({ name, type: 'float32' as const, shape: [1, 32, 2, 2] });
  const bytes = encodeOnnx({
    nodes: [{ op: 'ReorderInput', domain: 'com.microsoft.nchwc', inputs: ['x'], outputs: ['y'], attributes: {} }],
    inputs: [value('x')],
    outputs: [value('y')],
    initializers: [],
  });
  const { InferenceSession, Tensor } = runtime();
  try {
    const session = await InferenceSession.create(bytes, { ...SESSION_OPTIONS, logSeverityLevel: 4 });
    const x = Float32Array.from({ length: 128 }, (_, i) => i);
    const { y } = await session.run({ x: new Tensor('float32', x, [1, 32, 2, 2]) });
    return (y.data as Float32Array)[1] !== 1; // elsewhere the operator leaves the order as it is
  } catch {
    return false;
  }
};

test('blocked convolutions pass their check wherever the runtime has blocks: else nothing here would test them', async () => {
  const block = await probeBlock();
  assert.equal(block > 0, await hasBlocks());
  assert.ok([0, 8, 16].includes(block));
  if (block > 0) assert.deepEqual(await targetFor('blocked'), { block, extended: true, maxParts: Infinity });
  else await assert.rejects(targetFor('blocked'), /no blocked convolutions/);
});

test('COSIM_LOWERING decides for auto only; an unknown lowering is refused', async () => {
  process.env.COSIM_LOWERING = 'portable';
  assert.deepEqual(await targetFor(), PORTABLE);
  if ((await probeBlock()) > 0) assert.ok((await targetFor('blocked')).block > 0);
  process.env.COSIM_LOWERING = 'fast';
  await assert.rejects(
    targetFor(),
    /COSIM_LOWERING: lowering must be one of 'auto', 'blocked', 'portable', got 'fast'/,
  );
  assert.deepEqual(await targetFor('portable'), PORTABLE);
  process.env.COSIM_LOWERING = ''; // as if it were not set
  assert.ok(await targetFor());
});
