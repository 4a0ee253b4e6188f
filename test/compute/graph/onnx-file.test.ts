import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'protobufjs';
import { encodeOnnx, type OnnxModel } from '../../../src/compute/onnx/onnx-file';
import { runtime } from '../../../src/compute/onnx/runtime';

/** The part of the public onnx.proto that these tests read, in protobuf's own language. */
const { root } = parse(`
  syntax = "proto3";
  message AttributeProto {
    string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated float floats = 7; repeated int64 ints = 8; int32 type = 20;
  }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated AttributeProto attribute = 5; string domain = 7;
  }
  message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message TypeProtoTensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
  message TypeProto { TypeProtoTensor tensor_type = 1; }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message GraphProto {
    repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message StringStringEntryProto { string key = 1; string value = 2; }
  message ModelProto {
    int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
    repeated StringStringEntryProto metadata_props = 14;
  }`, { keepCase: true }); // prettier-ignore
const MODEL = root.lookupType('ModelProto');

const decode = (model: OnnxModel): Record<string, never> =>
  MODEL.toObject(MODEL.decode(encodeOnnx(model)), { longs: Number, defaults: true }) as Record<string, never>;

const model: OnnxModel = {
  nodes: [
    { op: 'Gemm', domain: '', inputs: ['x', 'w', ''], outputs: ['g'], attributes: { alpha: { float: 0.5 }, transB: 1 } },
    { op: 'Conv', domain: 'com.microsoft.nchwc', inputs: ['g'], outputs: ['y'], attributes: { pads: [0, 1, -1], auto_pad: 'NOTSET' } },
  ],
  inputs: [{ name: 'x', type: 'float32', shape: ['batch', 2] }],
  outputs: [{ name: 'y', type: 'bool', shape: [] }],
  initializers: [
    { name: 'w', type: 'float32', shape: [2, 2], data: Float32Array.of(1, -2, 0.5, 0) },
    { name: 'n', type: 'int64', shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) },
    { name: 'part', type: 'int32', shape: [2], data: new Int32Array([7, 8, 9]).subarray(1) },
  ],
  metadata: { made: 'here' },
}; // prettier-ignore

describe('an ONNX file, read back with the public schema', () => {
  const { graph, ...head } = decode(model) as unknown as Record<string, Record<string, never>[]> & { graph: Record<string, Record<string, never>[]> }; // prettier-ignore

  test('versions, domains and metadata', () => {
    assert.deepEqual(head, {
      ir_version: 9,
      producer_name: 'cosim',
      opset_import: [
        { domain: '', version: 18 },
        { domain: 'com.microsoft.nchwc', version: 1 },
      ],
      metadata_props: [{ key: 'made', value: 'here' }],
    });
  });

  test('nodes: operators, operands (an absent one too), attributes with their types', () => {
    const [gemm, conv] = graph.node as unknown as Record<string, unknown>[];
    assert.deepEqual([gemm.op_type, gemm.domain, gemm.input, gemm.output], ['Gemm', '', ['x', 'w', ''], ['g']]);
    assert.deepEqual([conv.op_type, conv.domain], ['Conv', 'com.microsoft.nchwc']);
    const attributes = [gemm, conv].flatMap(node => node.attribute as Record<string, unknown>[]);
    const [alpha, transB, pads, autoPad] = attributes;
    assert.deepEqual([alpha.name, alpha.type, alpha.f], ['alpha', 1, 0.5]);
    assert.deepEqual([transB.name, transB.type, transB.i], ['transB', 2, 1]);
    assert.deepEqual([pads.name, pads.type, pads.ints], ['pads', 7, [0, 1, -1]]);
    assert.deepEqual([autoPad.name, autoPad.type, String(autoPad.s as Buffer)], ['auto_pad', 3, 'NOTSET']);
  });

  test('inputs and outputs: element types, fixed and named sizes', () => {
    const [input] = graph.input as unknown as { name: string; type: { tensor_type: { elem_type: number; shape: { dim: object[] } } } }[]; // prettier-ignore
    const [output] = graph.output as unknown as (typeof input)[];
    assert.equal(input.name, 'x');
    assert.equal(input.type.tensor_type.elem_type, 1);
    assert.deepEqual(input.type.tensor_type.shape.dim, [{ dim_param: 'batch' }, { dim_value: 2 }]);
    assert.equal(output.type.tensor_type.elem_type, 9);
    assert.deepEqual(output.type.tensor_type.shape.dim, []);
  });

  test('initialisers: shapes, types, little-endian bytes, also of a view into a larger buffer', () => {
    const [w, n, part] = graph.initializer as unknown as { dims: number[]; data_type: number; raw_data: Buffer }[];
    assert.deepEqual([w.dims, w.data_type], [[2, 2], 1]);
    assert.deepEqual([0, 4, 8, 12].map(i => w.raw_data.readFloatLE(i)), [1, -2, 0.5, 0]); // prettier-ignore
    assert.deepEqual([n.dims, n.data_type], [[2], 7]);
    assert.deepEqual([0, 8].map(i => n.raw_data.readBigInt64LE(i)), [-1n, 2n ** 40n]); // prettier-ignore
    assert.deepEqual([part.data_type, part.raw_data.length, part.raw_data.readInt32LE(0)], [6, 8, 8]);
  });

  test('the same model gives the same bytes, another one others', () => {
    assert.deepEqual(encodeOnnx(model), encodeOnnx(structuredClone(model)));
    assert.notDeepEqual(encodeOnnx(model), encodeOnnx({ ...model, metadata: {} }));
  });
});

test('ONNX Runtime reads it and lets a named size vary', async () => {
  const { InferenceSession, Tensor } = runtime();
  const bytes = encodeOnnx({
    nodes: [{ op: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
    inputs: [{ name: 'x', type: 'float32', shape: ['batch', 2] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['batch', 1] }],
    initializers: [{ name: 'w', type: 'float32', shape: [2, 1], data: Float32Array.of(10, 1) }],
  });
  const session = await InferenceSession.create(bytes);
  for (const rows of [1, 3]) {
    const x = Float32Array.from({ length: 2 * rows }, (_, i) => i);
    const { y } = await session.run({ x: new Tensor('float32', x, [rows, 2]) });
    assert.deepEqual(
      [...(y.data as Float32Array)],
      Array.from({ length: rows }, (_, i) => 10 * (2 * i) + 2 * i + 1),
    );
  }
  await session.release();
});
