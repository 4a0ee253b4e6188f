import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { modelOf } from '../../../src/compute/onnx/compile';
import { PORTABLE, type Target } from '../../../src/compute/onnx/lowering';
import type { OnnxModel, OnnxNode } from '../../../src/compute/onnx/onnx-file';
import { openSession, signatureOf } from '../../../src/compute/onnx/session';
import { valueAndGradients } from '../../../src/compute/tensors';
import { assertAllClose } from '../../close';
import { tinyImageNet } from '../../tiny';
import { runCompiled, testedLowerings } from './lowerings';

before(() => selectBackend({ backend: 'wasm' }));

/** As on a processor with blocks of 8 channels; looked at here, not run. */
const BLOCKED: Target = { block: 8, extended: true, maxParts: Infinity };

const modelFor = (
  f: (x: Record<string, tf.Tensor>) => tf.Tensor,
  shapes: Record<string, number[]>,
  target = PORTABLE,
) => modelOf(x => ({ y: f(x) }), shapes, target);

/** How often each operator occurs, but for the one that names the result. */
const operators = ({ nodes }: OnnxModel): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { op, domain, outputs } of nodes) {
    if (op === 'Identity' && outputs[0] === 'y') continue;
    const name = domain ? `${domain.split('.').pop()}:${op}` : op;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};
const find = ({ nodes }: OnnxModel, op: string): OnnxNode => nodes.find(node => node.op === op)!;

const image = (t: tf.Tensor): tf.Tensor4D => t as tf.Tensor4D;
const conv = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.conv2d(image(x), image(w), 1, 'same');

describe('a whole network with its gradient', () => {
  const denoiser = tinyImageNet();
  const shapes = {
    ...Object.fromEntries(denoiser.parameters.map(({ name, shape }) => [`p/${name}`, [...shape]])),
    x: [2, 8, 8, 1],
    sigma: [2],
  };
  const step: TensorFunction = ({ x, sigma, ...parameters }) => {
    const p = Object.fromEntries(Object.entries(parameters).map(([name, t]) => [name.slice(2), t]));
    const { value, gradients } = valueAndGradients(
      q => ({ value: tf.sum(tf.square(denoiser.denoise(q, x, sigma))), metrics: {} }),
      p,
    );
    return { value, ...gradients };
  };

  test('portable: standard operators only, at most ten operands or results each', () => {
    const { nodes } = modelOf(step, shapes, PORTABLE);
    assert.deepEqual([...new Set(nodes.map(node => node.domain))], ['']);
    for (const { op, inputs, outputs } of nodes) assert.ok(inputs.length <= 10 && outputs.length <= 10, op);
    assert.ok(
      nodes.some(({ op, attributes }) => op === 'Conv' && (attributes.kernel_shape as number[]).every(n => n === 3)),
    );
  });

  test('blocked: every convolution of several pixels in blocks, with channels that fill them', () => {
    const model = modelOf(step, shapes, BLOCKED);
    const convolutions = model.nodes.filter(({ op }) => op === 'Conv');
    assert.ok(convolutions.length > 30);
    for (const { domain } of convolutions) assert.equal(domain, 'com.microsoft.nchwc');
    const { 'nchwc:ReorderInput': into, 'nchwc:ReorderOutput': out } = operators(model);
    assert.equal(out, convolutions.length);
    assert.ok(into <= convolutions.length, 'an operand of several convolutions is reordered once');
  });

  test('every operand was computed before, is an input or a constant; no name is given twice', () => {
    for (const target of [PORTABLE, BLOCKED]) {
      const { nodes, inputs, initializers, outputs } = modelOf(step, shapes, target);
      const known = new Set([...inputs, ...initializers].map(({ name }) => name));
      for (const node of nodes) {
        for (const name of node.inputs) assert.ok(known.has(name), `${node.op}: ${name}`);
        for (const name of node.outputs) {
          assert.ok(!known.has(name), `${name} is given twice`);
          known.add(name);
        }
      }
      for (const { name } of outputs) assert.ok(known.has(name), name);
    }
  });
});

describe('products', () => {
  const shapes = { a: [3, 4], b: [4, 5], c: [5] };

  test('a bias becomes part of a product that is used once, and only there', () => {
    assert.deepEqual(operators(modelFor(({ a, b, c }) => tf.add(tf.matMul(a, b), c), shapes)), { Reshape: 1, Gemm: 1 });
    const used = modelFor(({ a, b, c }) => {
      const product = tf.matMul(a, b);
      return tf.mul(tf.add(product, c), product);
    }, shapes);
    assert.deepEqual(operators(used), { MatMul: 1, Add: 1, Mul: 1 });
  });

  test('transposes and factors become part of it where the runtime has the operator', () => {
    const scores = ({ a }: Record<string, tf.Tensor>) => tf.mul(tf.matMul(a, a, false, true), 0.5);
    assert.deepEqual(operators(modelFor(scores, shapes)), { Transpose: 1, MatMul: 1, Mul: 1 });
    const fused = modelFor(scores, shapes, BLOCKED);
    assert.deepEqual(operators(fused), { 'microsoft:FusedMatMul': 1 });
    assert.deepEqual(find(fused, 'FusedMatMul').attributes, { transA: 0, transB: 1, alpha: { float: 0.5 } });
  });

  test('x sigmoid(x) is one operator there', () => {
    const silu = ({ a }: Record<string, tf.Tensor>) => tf.mul(a, tf.sigmoid(a));
    assert.deepEqual(operators(modelFor(silu, shapes)), { Sigmoid: 1, Mul: 1 });
    assert.deepEqual(operators(modelFor(silu, shapes, BLOCKED)), { 'microsoft:QuickGelu': 1 });
    const kept = modelFor(({ a }) => tf.add(tf.mul(a, tf.sigmoid(a)), tf.sigmoid(a)), shapes, BLOCKED);
    assert.deepEqual(operators(kept), { Sigmoid: 1, Mul: 1, Add: 1 });
  });
});

describe('convolutions', () => {
  const shapes = { x: [2, 6, 6, 3], w: [3, 3, 3, 5], bias: [5] };
  const biased = ({ x, w, bias }: Record<string, tf.Tensor>) => tf.add(conv(x, w), bias);

  test('carry their bias', () => {
    const portable = modelFor(biased, shapes);
    assert.deepEqual(operators(portable), { Transpose: 3, Reshape: 1, Conv: 1 });
    assert.equal(find(portable, 'Conv').inputs.length, 3);
    const blocked = modelFor(biased, shapes, BLOCKED);
    assert.deepEqual(operators(blocked), { Pad: 3, 'nchwc:ReorderInput': 1, Reshape: 3, Transpose: 1, 'nchwc:Conv': 1, 'nchwc:ReorderOutput': 1, Slice: 1 }); // prettier-ignore
    assert.equal(find(blocked, 'Conv').inputs.length, 3);
  });

  test('need no padding where channels fill the blocks', () => {
    const { Pad, Slice } = operators(modelFor(biased, { x: [2, 6, 6, 16], w: [3, 3, 16, 8], bias: [8] }, BLOCKED));
    assert.deepEqual([Pad, Slice], [undefined, undefined]);
  });

  test('of one pixel are products, their gradients too', () => {
    const pointwise = { x: [2, 6, 6, 3], w: [1, 1, 3, 5], dy: [2, 6, 6, 5] };
    for (const target of [PORTABLE, BLOCKED]) {
      const forward = operators(modelFor(({ x, w }) => conv(x, w), pointwise, target));
      assert.deepEqual(forward, { Reshape: 3, MatMul: 1 });
      const both = ({ x, w, dy }: Record<string, tf.Tensor>) => {
        const [dx, dw] = tf.grads(conv)([x, w], dy);
        return tf.add(tf.sum(dx), tf.sum(dw));
      };
      assert.equal(operators(modelFor(both, pointwise, target)).Conv, undefined);
    }
  });

  test('dX of stride 2 is a transposed convolution on both; dW is a convolution dilated by the stride', () => {
    const strided = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.conv2d(image(x), image(w), 2, 'same');
    const gradient = (which: number) => ({ x, w, dy }: Record<string, tf.Tensor>) => tf.grads(strided)([x, w], dy)[which]; // prettier-ignore
    const sizes = { ...shapes, dy: [2, 3, 3, 5] };
    for (const target of [PORTABLE, BLOCKED])
      assert.deepEqual(find(modelFor(gradient(0), sizes, target), 'ConvTranspose').attributes.strides, [2, 2]);
    assert.deepEqual(find(modelFor(gradient(1), sizes), 'Conv').attributes.dilations, [2, 2]);
    // in blocks a row of pixels [W, C] is one axis: a step of 2 pixels is one of 2 C
    assert.deepEqual(find(modelFor(gradient(1), sizes, BLOCKED), 'Conv').attributes.dilations, [2, 6]);
  });
});

describe('slices and concatenations', () => {
  const parts = (sizes: number[], total: number, target = PORTABLE) =>
    operators(modelFor(({ x }) => tf.addN(tf.split(tf.slice(x, 0, sizes.reduce((a, b) => a + b)), sizes).map(t => tf.exp(tf.sum(t)))), { x: [total] }, target)); // prettier-ignore

  test('slices that tile a vector are one Split, others are not', () => {
    assert.deepEqual([parts([2, 3, 4], 9).Split, parts([2, 3, 4], 9).Slice], [1, undefined]);
    assert.deepEqual([parts([2, 3, 4], 10).Split, parts([2, 3, 4], 10).Slice], [undefined, 3]);
    const overlapping = modelFor(({ x }) => tf.mul(tf.slice(x, 0, 3), tf.slice(x, 1, 3)), { x: [4] });
    assert.deepEqual(operators(overlapping), { Slice: 2, Mul: 1 });
  });

  test('more parts than an operation may have: slices one by one, concatenations in a tree', () => {
    const sizes = Array<number>(25).fill(2);
    assert.deepEqual([parts(sizes, 50).Split, parts(sizes, 50).Slice], [undefined, 25]);
    assert.deepEqual([parts(sizes, 50, BLOCKED).Split, parts(sizes, 50, BLOCKED).Slice], [1, undefined]);
    const names = sizes.map((_, i) => `p${i}`);
    const shapes = Object.fromEntries(names.map(name => [name, [2]]));
    const joined = (x: Record<string, tf.Tensor>) => tf.concat(names.map(name => x[name]));
    assert.deepEqual(operators(modelFor(joined, shapes)), { Concat: 4 }); // 10, 10 and 5, then 3
    assert.deepEqual(operators(modelFor(joined, shapes, BLOCKED)), { Concat: 1 });
  });
});

describe('constants and names', () => {
  test('equal constants are stored once, one number never as a whole tensor', () => {
    const table = Float32Array.of(1, 2, 3);
    const { initializers } = modelFor(
      ({ x }) => tf.add(tf.mul(tf.add(x, tf.tensor1d(table)), tf.tensor1d(table)), tf.fill([3], 7)),
      { x: [3] },
    );
    assert.deepEqual(
      initializers.map(({ shape }) => [...shape]),
      [[3], []],
    );
  });

  test('functions of one number keep their shape', async () => {
    const f: TensorFunction = ({ x }) => ({
      constant: tf.softplus(tf.fill([2, 2], 1)),
      row: tf.sum(tf.erf(tf.fill([3, 2], 0.5)), 0),
      y: tf.where(tf.greater(tf.fill([2], 1), 0), x, 0),
    });
    for (const lowering of await testedLowerings()) {
      const { constant, row, y } = await runCompiled(f, { x: { shape: [2], data: [5, 6] } }, lowering);
      assertAllClose(constant, Array<number>(4).fill(Math.log1p(Math.E)), 2e-7);
      assert.ok(row.length === 2 && Math.abs(row[0] - 3 * 0.5204998778) < 1e-6); // erf(1/2)
      assert.deepEqual([...y], [5, 6]);
    }
  });

  test('the signature is the function’s: unused inputs, results that are inputs, equal, constant, or called as inputs', async () => {
    const f: TensorFunction = ({ x, v0 }) => ({
      x: tf.neg(x), // the new state under the old name
      same: v0,
      again: v0,
      one: tf.ones([2]),
      c0: tf.exp(tf.zerosLike(x)),
    });
    const shapes = { x: [2], v0: [1], unused: [3] };
    const model = modelOf(f, shapes, PORTABLE);
    const signature = signatureOf(model);
    assert.deepEqual(signature.inputs, shapes);
    assert.deepEqual(signature.outputs, { x: [2], same: [1], again: [1], one: [2], c0: [2] });
    const session = await openSession(model);
    session.write('x', Float32Array.of(3, 4));
    session.write('v0', Float32Array.of(9));
    await session.run();
    const expected = { x: [-3, -4], same: [9], again: [9], one: [1, 1], c0: [1, 1] };
    for (const [name, values] of Object.entries(expected)) assert.deepEqual([...session.output(name)], values, name);
    await session.dispose();
  });

  test('a result that is not float32 is refused by name', () => {
    assert.throws(() => modelFor(({ x }) => tf.greater(x, 0), { x: [2] }), {
      name: 'ArgumentError',
      message: "compile: result y must be of type float32, got 'bool'",
    });
  });
});
