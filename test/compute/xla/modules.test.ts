import { shapeSize } from '../../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import { reachable } from '../../../src/compute/graph/graph';
import { trace } from '../../../src/compute/graph/trace';
import { HloBuilder } from '../../../src/compute/xla/builder';
import { EMITTERS, moduleOf } from '../../../src/compute/xla/emit';
import { moduleText } from '../../../src/compute/xla/print';
import { groupNorm } from '../../../src/networks/group-norm';
import { evaluate, evaluateReplicas } from './evaluate';

before(() => selectBackend({ backend: 'wasm' }));

test('a module is text that names its arguments, donations and results', () => {
  const b = new HloBuilder();
  const [x, y] = [b.argument('x', [2], 'f32'), b.argument('y', [2], 'f32')];
  const module = b.module({ x: b.elementwise('add', x, y), sum: b.reduce(y, [0], 'add', 0) });
  assert.equal(
    moduleText(module),
    `module @cosim attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<2xf32> {tf.aliasing_output = 0 : i32}, %arg1: tensor<2xf32>) -> (tensor<2xf32>, tensor<f32>) {
    %0 = "stablehlo.add"(%arg0, %arg1) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %1 = "stablehlo.constant"() <{value = dense<0x00000000> : tensor<f32>}> : () -> tensor<f32>
    %2 = "stablehlo.reduce"(%arg1, %1) <{dimensions = array<i64: 0>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %r = "stablehlo.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%r) : (tensor<f32>) -> ()
    }) : (tensor<2xf32>, tensor<f32>) -> tensor<f32>
    "func.return"(%0, %2) : (tensor<2xf32>, tensor<f32>) -> ()
  }
}
`,
  );
});

test('a result that is its argument, or is kept, donates nothing; equal constants are written once', () => {
  const b = new HloBuilder();
  const [x, y] = [b.argument('x', [], 'f32'), b.argument('y', [], 'f32')];
  const [one, again] = [b.splat(1, [], 'f32'), b.splat(1, [], 'f32')];
  assert.equal(one, again);
  assert.notEqual(b.splat(0, [], 'f32'), b.splat(-0, [], 'f32'));
  const module = b.module({ x, y: b.elementwise('add', y, one) }, { kept: ['y'] });
  assert.deepEqual(
    module.arguments.map(({ donatedTo }) => donatedTo),
    [undefined, undefined],
  );
});

test('replicas sum what each has', () => {
  const b = new HloBuilder(3);
  const x = b.argument('x', [2], 'f32');
  const module = b.module({ sum: b.allReduce(x), id: b.op('replica_id', [], [], 'ui32') });
  const results = evaluateReplicas(
    module,
    [1, 10, 100].map(n => ({ x: Float32Array.of(n, 2 * n) })),
  );
  for (const [i, { sum, id }] of results.entries()) {
    assert.deepEqual(sum, Float32Array.of(111, 222));
    assert.equal(id[0], i);
  }
});

test('group normalisation multiplies by no matrix, and is the same', () => {
  const shapes = { x: [2, 4, 4, 64], weight: [64], bias: [64] }; // 16 groups of 4 channels
  const f = ({ x, weight, bias }: Record<string, tf.Tensor>) => ({
    y: groupNorm({ 'n.weight': weight, 'n.bias': bias }, 'n', x, { activation: true }),
  });
  const traced = trace(f, shapes);
  assert.ok(
    reachable(Object.values(traced.results)).some(({ op }) => op === 'matmul'),
    'the graph has the product',
  );
  const module = moduleOf(traced, 'tf32');
  assert.ok(module.operations.every(({ op }) => op !== 'stablehlo.dot_general'));
  assert.ok(
    module.operations.every(({ attributes: { value } }) => value === undefined || !('data' in value)),
    'nor does it carry one',
  );
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const size = shapeSize(shape);
      return [name, Float32Array.from({ length: size }, (_, j) => Math.sin((i + 1) * j + 0.3))];
    }),
  );
  const eager = tf.tidy(() =>
    f(Object.fromEntries(Object.entries(shapes).map(([n, s]) => [n, tf.tensor(inputs[n], s)]))).y.dataSync(),
  );
  const { y } = evaluate(module, inputs);
  eager.forEach((value, i) => {
    assert.ok(Math.abs(value - Number(y[i])) < 1e-5, `${i}: ${value}, ${y[i]}`);
  });
});

test('precision is that of products alone', () => {
  const traced = trace(({ a, b }) => ({ y: tf.sin(tf.matMul(a, b)) }), { a: [2, 3], b: [3, 4] });
  const text = (precision: 'float32' | 'tf32' | 'bf16'): string => moduleText(moduleOf(traced, precision));
  assert.match(text('float32'), /dot_general.*precision HIGHEST/);
  assert.match(text('tf32'), /dot_general.*precision DEFAULT.*\(tensor<2x3xf32>, tensor<3x4xf32>\) -> tensor<2x4xf32>/);
  assert.match(text('bf16'), /dot_general.*\(tensor<2x3xbf16>, tensor<3x4xbf16>\) -> tensor<2x4xf32>/);
  assert.match(text('bf16'), /sine.*tensor<2x4xf32>/);
});

test('every operation of the graph has an emitter, and there is none besides', async () => {
  const { EMITTERS: onnx } = await import('../../../src/compute/onnx/lower');
  assert.deepEqual(new Set(Object.keys(EMITTERS)), new Set(Object.keys(onnx)));
});
