import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  describeCheckpoint,
  type HostTensor,
  readCheckpoint,
  readSafetensors,
  serializeSafetensors,
} from '../../src/checkpoints';
import { memorySource } from '../../src/checkpoints/byte-source';
import { readCheckpointFrom } from '../../src/checkpoints/read-checkpoint';
import { goldenCheckpoint } from './golden';

/** The tensors of an expected file under a prefix, the prefix taken off. */
const expectedTensors = async (name: string, prefix: string): Promise<Record<string, HostTensor>> => {
  const { tensors } = await readSafetensors(goldenCheckpoint(`${name}.expected.safetensors`));
  const own = Object.entries(tensors).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, tensor]) => [key.slice(prefix.length), tensor]));
};

const assertSame = (actual: Record<string, HostTensor>, expected: Record<string, HostTensor>): void => {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, tensor] of Object.entries(expected)) assert.deepEqual(actual[name], tensor, name);
};

const networks: [file: string, expected: string, prefix: string, part: string, className?: string][] = [
  ['edm_ddpmpp.nosrc.pkl', 'edm_ddpmpp', 'state/', 'ema', 'EDMPrecond'],
  ['edm_ddpmpp.nosrc.proto2.pkl', 'edm_ddpmpp', 'state/', 'ema', 'EDMPrecond'],
  ['edm_adm.nosrc.pkl', 'edm_adm', 'state/', 'ema', 'EDMPrecond'],
  ['edm2_fp16.nosrc.pkl', 'edm2_fp16', 'state/', 'ema', 'Precond'],
  ['training_state.nosrc.pt', 'training_state', 'net/', 'net', 'EDMPrecond'],
  ['state_dict.pt', 'state_dict', 'state/', ''],
  ['state_dict.legacy.pt', 'state_dict', 'state/', ''],
  ['state_dict.safetensors', 'state_dict', 'state/', ''],
];

test("a network's tensors are those that PyTorch says are in the file, bit for bit", async t => {
  for (const [file, expected, prefix, part, className] of networks)
    await t.test(file, async () => {
      const checkpoint = await readCheckpoint(goldenCheckpoint(file), { floats: 'F32' });
      assertSame(checkpoint.tensors, await expectedTensors(expected, prefix));
      assert.equal(checkpoint.part, part);
      assert.equal(checkpoint.className, className);
    });
});

test('the constructor arguments are those that the network was made with', async () => {
  const { initKwargs, provenance } = await readCheckpoint(goldenCheckpoint('edm_adm.nosrc.pkl'));
  assert.deepEqual(
    { ...initKwargs },
    {
      img_resolution: 8,
      img_channels: 3,
      label_dim: 5,
      augment_dim: 0,
      model_channels: 8,
      channel_mult: [1, 2],
      channel_mult_emb: 2,
      num_blocks: 1,
      attn_resolutions: [8, 4],
      dropout: 0.1,
      use_fp16: true,
      model_type: 'DhariwalUNet',
    },
  );
  const { values, ...rest } = provenance;
  const { loss_fn: loss, dataset_kwargs: data } = values as Record<string, Record<string, unknown>>;
  assert.deepEqual({ ...loss }, { class_name: 'EDMLoss', P_mean: -1.2, P_std: 1.2, sigma_data: 0.5 });
  assert.equal(data.path, 'datasets/tiny.zip');
  assert.deepEqual([rest.format, rest.file, rest.bytes], ['pickle', 'edm_adm.nosrc.pkl', 230183]);
});

test('a training state gives the optimiser too, when asked for', async () => {
  const file = goldenCheckpoint('training_state.nosrc.pt');
  const { tensors, className } = await readCheckpoint(file, { part: 'optimizer_state' });
  assert.equal(className, undefined);
  const expected = await expectedTensors('training_state', 'optimizer_state/');
  assert.ok(Object.keys(expected).length >= 12);
  for (const [name, tensor] of Object.entries(expected))
    assert.deepEqual(tensors[name.replaceAll('/', '.')], tensor, name);
  const all = await readCheckpoint(file, { part: '' });
  assert.ok('net.model.map_layer0.weight' in all.tensors && 'optimizer_state.state.0.exp_avg' in all.tensors);
  await assert.rejects(readCheckpoint(file, { part: 'ema' }), { code: 'no-part', message: /net, optimizer_state/ });
});

test('views, shared storages and every element type come out right, from all three containers', async t => {
  const expected = await expectedTensors('mixed', '');
  for (const file of ['mixed.pt', 'mixed.legacy.pt', 'mixed.pickle.pkl'])
    await t.test(file, async () => {
      const { tensors, provenance } = await readCheckpoint(goldenCheckpoint(file));
      const types = Object.entries(tensors).map(([name, { dtype }]) => [name, dtype]);
      const stored = { f16: 'F16', bf16: 'BF16', f64: 'F64', i64: 'I64', i32: 'I32', u8: 'U8', boolean: 'BOOL' };
      for (const [name, dtype] of types) assert.equal(dtype, (stored as Record<string, string>)[name] ?? 'F32', name);
      for (const name of ['f64', 'i64', 'i32', 'u8', 'boolean']) assert.deepEqual(tensors[name], expected[name]);
      const widened = await readCheckpoint(goldenCheckpoint(file), { floats: 'F32' });
      for (const name of Object.keys(expected))
        if (name !== 'f64') assert.deepEqual(widened.tensors[name], expected[name], name);
      const values = provenance.values as Record<string, unknown>;
      assert.deepEqual([values.number, values.text], [3, 'hello é 😀']);
      assert.deepEqual((values.nested as { a: unknown }).a, [1, 2.5, null, true, -1, 1099511627776, [1, 2]]);
    });
});

test('element types are what the caller asks for', async () => {
  const file = goldenCheckpoint('mixed.pt');
  const { tensors: stored } = await readCheckpoint(file);
  const { tensors } = await readCheckpoint(file, { floats: 'F64', integers: 'I64' });
  for (const name of ['f32', 'f16', 'bf16', 'f64']) assert.equal(tensors[name].dtype, 'F64');
  for (const name of ['i64', 'i32', 'u8'])
    assert.deepEqual(tensors[name].data, BigInt64Array.from(stored[name].data as Int32Array, BigInt), name);
  await assert.rejects(readCheckpoint(file, { integers: 'I32' }), {
    code: 'integer-range',
    message: /'i64' holds -9007/,
  });
  assert.deepEqual(Array.from(tensors.f64.data as Float64Array), Array.from(stored.f64.data as Float64Array));
  assert.equal(tensors.boolean.dtype, 'BOOL');
  await assert.rejects(
    readCheckpoint(file, { floats: 'F16' as 'F32' }),
    /floats must be one of 'stored', 'F32', 'F64'/,
  );
  await assert.rejects(readCheckpoint(file, { parts: 'ema' } as object), /unknown option 'parts'. Did you mean 'part'/);
});

test('what a file is follows from its content, whatever it is called', async () => {
  const formats: [string, string][] = [
    ['edm_adm.nosrc.pkl', 'pickle'],
    ['protocols/snapshot.proto0.pkl', 'pickle'],
    ['mixed.pt', 'torch-zip'],
    ['mixed.legacy.pt', 'torch-legacy'],
    ['state_dict.safetensors', 'safetensors'],
  ];
  for (const [file, format] of formats)
    for (const name of ['x.safetensors', 'x.pt', 'x.pkl', 'x']) {
      const source = memorySource(readFileSync(goldenCheckpoint(file)));
      assert.equal((await readCheckpointFrom(source, name)).provenance.format, format);
    }
});

test('safetensors whose length of header begins like a zip file are safetensors', async () => {
  const one: HostTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
  const length = 0x034b50; // 'PK' and 3
  const short = Buffer.from(serializeSafetensors({ one }, { text: '' }));
  const text = 'x'.repeat(length - Number(short.readBigUInt64LE(0)));
  const bytes = Buffer.from(serializeSafetensors({ one }, { text }));
  assert.equal(bytes.subarray(0, 4).toString('latin1'), 'PK\x03\x00');
  const { tensors, provenance } = await readCheckpointFrom(memorySource(bytes), 'x');
  assert.deepEqual([Object.keys(tensors), provenance.format], [['one'], 'safetensors']);
});

test('a description names all tensors, their types and shapes, and the networks', async () => {
  const { tensors, parts, format } = await describeCheckpoint(goldenCheckpoint('edm2_fp16.nosrc.pkl'));
  assert.equal(format, 'pickle');
  assert.deepEqual(
    parts.map(({ name, className }) => [name, className]),
    [['ema', 'Precond']],
  );
  assert.deepEqual(tensors['ema.unet.enc.8x8_conv.weight'], { dtype: 'F16', shape: [8, 5, 3, 3] });
});

test('a tensor that is called as a part often is, is a tensor', async () => {
  const one: HostTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
  const read = (tensors: Record<string, HostTensor>, part?: string) =>
    readCheckpointFrom(memorySource(Buffer.from(serializeSafetensors(tensors))), 'x', { part });
  for (const name of ['ema', 'net']) {
    const { tensors, part } = await read({ [name]: one, other: one });
    assert.deepEqual([Object.keys(tensors), part], [[name, 'other'], '']);
  }
  assert.deepEqual(Object.keys((await read({ ema: one, 'net.weight': one })).tensors), ['weight']);
  await assert.rejects(read({ ema: one }, 'ema'), {
    code: 'no-part',
    message: /no part 'ema' with tensors; there are none/,
  });
});

test('a file that is not there is an error of Node that names it', async () => {
  await assert.rejects(readCheckpoint(goldenCheckpoint('absent.pkl')), { code: 'ENOENT' });
});
