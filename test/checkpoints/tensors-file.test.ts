import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import '@tensorflow/tfjs-backend-cpu';
import { dispose, memory, ready, setBackend, tensor, type Tensor } from '@tensorflow/tfjs-core';
import { type HostTensor, loadTensors, readSafetensors, saveTensors, writeSafetensors } from '../../src/checkpoints';
import { temporaryFolder } from '../temporary-folder';

const golden = join(__dirname, '../golden/ckpt');
const file = temporaryFolder()('file.safetensors');

before(async () => {
  await setBackend('cpu');
  await ready();
});

const content = async (tensors: Record<string, Tensor>) =>
  Promise.all(Object.entries(tensors).map(async ([name, t]) => [name, t.dtype, t.shape, [...(await t.data())]]));

test('tensors come back as they were saved, with their metadata', async () => {
  const tensors: Record<string, Tensor> = {
    conv: tensor([...Array(24).keys()], [2, 2, 3, 2]),
    dense: tensor([1, 2, 3, 4, 5, 6], [2, 3]),
    bias: tensor([0.1, -0, Infinity]),
    steps: tensor(12, [], 'int32'),
    mask: tensor([1, 0], [2], 'bool'),
  };
  await saveTensors(file, tensors, { step: '12' });
  const { tensors: loaded, metadata } = await loadTensors(file);
  assert.deepEqual((await content(loaded)).sort(), (await content(tensors)).sort());
  assert.deepEqual({ ...metadata }, { step: '12' });
  dispose(tensors);
  dispose(loaded);
  assert.equal(memory().numTensors, 0);
});

test('on disk the weights lie as in PyTorch', async () => {
  const dense = tensor([1, 2, 3, 4, 5, 6], [2, 3]); // [in, out]
  await saveTensors(file, { dense });
  const { tensors } = await readSafetensors(file);
  assert.deepEqual(tensors.dense, { dtype: 'F32', shape: [3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) });
  dispose(dense);
});

test("PyTorch's state dict and the tensors that PyTorch says are in it are the same, weights transposed", async () => {
  const { tensors: host } = await readSafetensors(join(golden, 'state_dict.safetensors'));
  const { tensors: expected } = await readSafetensors(join(golden, 'state_dict.expected.safetensors'));
  const { tensors: loaded } = await loadTensors(join(golden, 'state_dict.safetensors'));
  const names = Object.keys(expected).flatMap(name => (name.startsWith('state/') ? [name.slice(6)] : []));
  assert.deepEqual(names.sort(), Object.keys(host).sort());
  for (const name of names) {
    assert.deepEqual(host[name], expected[`state/${name}`]);
    const { shape } = host[name];
    const [o, i, h, w] = shape;
    assert.deepEqual(loaded[name].shape, shape.length === 4 ? [h, w, i, o] : shape.length === 2 ? [i, o] : shape);
  }
  dispose(loaded);
});

/** A file with one tensor, read back as numbers. */
const values = async (host: HostTensor): Promise<[string, number[]]> => {
  await writeSafetensors(file, { x: host });
  const { tensors } = await loadTensors(file);
  const result: [string, number[]] = [tensors.x.dtype, [...(await tensors.x.data())]];
  dispose(tensors);
  return result;
};

test('half, bfloat16 and double become float32', async () => {
  // 1, -2, 2^-24 (smallest), 65504 (largest), 0.333251953125 (nearest to 1/3), -0, infinity, NaN
  const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x3555, 0x8000, 0x7c00, 0x7e00);
  const halves = [1, -2, 2 ** -24, 65504, 0.333251953125, -0, Infinity, NaN];
  assert.deepEqual(await values({ dtype: 'F16', shape: [8], data: half }), ['float32', halves]);
  const brain = Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x8000, 0xff80, 0x7fc0); // 0x4049 is 3.140625
  const brains = [1, -2, 3.140625, -0, -Infinity, NaN];
  assert.deepEqual(await values({ dtype: 'BF16', shape: [6], data: brain }), ['float32', brains]);
  const third = Math.fround(1 / 3);
  assert.deepEqual(await values({ dtype: 'F64', shape: [1], data: Float64Array.of(1 / 3) }), ['float32', [third]]);
});

test('every half is what its definition by sign, exponent and fraction gives', async () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const [, numbers] = await values({ dtype: 'F16', shape: [65536], data: bits });
  for (let i = 0; i < 65536; i += 7) {
    const text = i.toString(2).padStart(16, '0');
    const [sign, e, f] = [text.startsWith('1') ? -1 : 1, parseInt(text.slice(1, 6), 2), parseInt(text.slice(6), 2)];
    if (e < 31) assert.equal(numbers[i], (sign * (e ? 1024 + f : f) * 2 ** Math.max(e, 1)) / 2 ** 25);
    else assert.ok(f ? Number.isNaN(numbers[i]) : numbers[i] === sign * Infinity);
  }
});

test('integers become int32, and those beyond 32 bits are refused without leaving tensors behind', async () => {
  const data = BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n);
  assert.deepEqual(await values({ dtype: 'I64', shape: [2], data }), ['int32', [-(2 ** 31), 2 ** 31 - 1]]);
  assert.deepEqual(await values({ dtype: 'U8', shape: [1], data: Uint8Array.of(255) }), ['int32', [255]]);
  const before = memory().numTensors;
  await writeSafetensors(file, {
    a: { dtype: 'F32', shape: [1], data: Float32Array.of(1) },
    b: { dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 31n) },
  });
  await assert.rejects(loadTensors(file), { name: 'CheckpointError', code: 'integer-range' });
  assert.equal(memory().numTensors, before);
});
