/* ONNX files as functions of tensors, against ONNX Runtime: run eagerly, and compiled by XLA for the processor. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { trace } from '../../src/compute/graph/trace';
import { shapeSize } from '../../src/compute/host-arrays';
import { normal, uniform } from '../../src/compute/noise';
import { OnnxBuilder } from '../../src/compute/onnx/onnx-builder';
import { encodeOnnx } from '../../src/compute/onnx/onnx-file';
import { runtime } from '../../src/compute/onnx/runtime';
import { onnxNetwork } from '../../src/compute/onnx-network';
import { withPrefix } from '../../src/compute/tensors';
import { moduleOf } from '../../src/compute/xla/emit';
import { testDevice } from './xla/pjrt/cpu-plugin';

const cpu = testDevice();

type Build = (x: string, graph: OnnxBuilder) => string;

/** A file that computes `y` of `x`. */
const fileOf = (shape: readonly number[], build: Build): Uint8Array => {
  const graph = new OnnxBuilder();
  graph.name(build('x', graph), 'y');
  return encodeOnnx({
    nodes: graph.nodes,
    initializers: graph.initializers(),
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: [{ name: 'y', type: 'float32', shape: [], anyShape: true }],
  });
};

const random = (graph: OnnxBuilder, name: string, shape: readonly number[], positive = false): string => {
  const draw = positive ? uniform : normal;
  return graph.constant(
    draw({ seed: 7, stream: name }, shapeSize(shape)).map(value => (positive ? value + 0.5 : value)),
    shape,
    'float32',
  );
};

const expectClose = (what: string, found: Float32Array, expected: Float32Array): void => {
  assert.equal(found.length, expected.length, what);
  const scale = Math.max(1, ...expected.map(Math.abs));
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) <= 2e-5 * scale, `${what}, number ${i}: ${value}, ${expected[i]}`);
  });
};

/** Runs the file three ways. */
const expectSame = async (shape: readonly number[], build: Build): Promise<void> => {
  const bytes = fileOf(shape, build);
  const x = normal({ seed: 1, stream: 'x' }, shapeSize(shape));
  const ort = runtime();
  const session = await ort.InferenceSession.create(bytes);
  const truth = (await session.run({ x: new ort.Tensor('float32', x, shape) })).y;
  const network = onnxNetwork(bytes);
  const parameters = Object.entries(network.parameters);
  const eager = tf.tidy(() => {
    const tensors = Object.fromEntries(parameters.map(([name, p]) => [name, tf.tensor(p.data, [...p.shape])]));
    return network.apply(tensors, tf.tensor(x, [...shape])).y;
  });
  assert.deepEqual(eager.shape, truth.dims);
  expectClose('eager', (await eager.data()) as Float32Array, truth.data as Float32Array);
  eager.dispose();

  const shapes = Object.fromEntries([...parameters.map(([name, p]) => [`p/${name}`, p.shape] as const), ['x', shape]]);
  const traced = trace(({ x: images, ...rest }) => network.apply(withPrefix('p/', rest), images), shapes);
  const module = moduleOf(traced);
  const program = await cpu.device.compile(module);
  const uploads = module.arguments.map(({ name }) => {
    const data = name === 'x' ? x : network.parameters[name.slice(2)].data;
    return cpu.device.upload(data, shapes[name]);
  });
  const inputs = await Promise.all(uploads);
  const [[y]] = await program.run([inputs]);
  expectClose('xla', await y.read(new Float32Array(shapeSize(truth.dims))), truth.data as Float32Array);
  for (const array of [y, ...inputs]) array.dispose();
  program.dispose();
};

const image = [2, 6, 7, 9];

/** Every operator, with the attributes that real networks have. */
const CASES: Record<string, [readonly number[], Build]> = {
  'Conv with bias, strides and uneven padding': [
    image,
    (x, g) =>
      g.add('Conv', [x, random(g, 'w', [4, 6, 3, 3]), random(g, 'b', [4])], {
        kernel_shape: [3, 3],
        pads: [0, 0, 1, 1],
        strides: [2, 2],
      }),
  ],
  'Conv, depthwise': [
    image,
    (x, g) => g.add('Conv', [x, random(g, 'w', [6, 1, 3, 3])], { group: 6, pads: [1, 1, 1, 1] }),
  ],
  'Conv in groups': [image, (x, g) => g.add('Conv', [x, random(g, 'w', [4, 3, 3, 3])], { group: 2 })],
  'Conv with several filters a channel': [
    image,
    (x, g) => g.add('Conv', [x, random(g, 'w', [12, 1, 3, 3])], { group: 6 }),
  ],
  'Conv with dilations': [image, (x, g) => g.add('Conv', [x, random(g, 'w', [4, 6, 3, 3])], { dilations: [2, 2] })],
  'Conv with auto_pad': [
    image,
    (x, g) => g.add('Conv', [x, random(g, 'w', [4, 6, 3, 2])], { strides: [2, 2], auto_pad: 'SAME_UPPER' }),
  ],
  'Conv with a kernel of one row': [
    image,
    (x, g) => g.add('Conv', [x, random(g, 'w', [4, 6, 1, 7])], { pads: [0, 3, 0, 3] }),
  ],
  BatchNormalization: [
    image,
    (x, g) =>
      g.add(
        'BatchNormalization',
        [x, random(g, 'g', [6]), random(g, 'b', [6]), random(g, 'm', [6]), random(g, 'v', [6], true)],
        { epsilon: { float: 1e-3 } },
      ),
  ],
  'MaxPool with padding': [
    image,
    (x, g) => g.add('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  ],
  'MaxPool without': [image, (x, g) => g.add('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2] })],
  'MaxPool, windows hanging over': [
    image,
    (x, g) => g.add('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
  ],
  'AveragePool that leaves the padding out': [
    image,
    (x, g) => g.add('AveragePool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  ],
  'AveragePool that counts it': [
    image,
    (x, g) => g.add('AveragePool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  ],
  GlobalAveragePool: [image, (x, g) => g.add('Flatten', [g.add('GlobalAveragePool', [x])], { axis: 1 })],
  GlobalMaxPool: [image, (x, g) => g.add('GlobalMaxPool', [x])],
  'elementwise of an image and a vector by channel': [
    image,
    (x, g) => {
      const y = g.add('Relu', [g.add('Conv', [x, random(g, 'w', [6, 6, 1, 1])])]);
      const shifted = g.add('Add', [g.add('Mul', [y, random(g, 's', [1, 6, 1, 1])]), random(g, 't', [6, 1, 1])]);
      return g.add('Div', [g.add('Sub', [shifted, random(g, 'u', [7, 9])]), g.float(3)]);
    },
  ],
  'Clip and other activations': [
    image,
    (x, g) => {
      const clipped = g.add('Clip', [x, g.float(-1), g.float(1.5)]);
      const names = ['Sigmoid', 'Tanh', 'HardSwish', 'Softplus', 'Erf', 'Exp', 'Abs', 'Neg'];
      const all = names.map(name => g.add(name, [clipped]));
      const leaky = g.add('LeakyRelu', [clipped], { alpha: { float: 0.1 } });
      const hard = g.add('HardSigmoid', [clipped], { alpha: { float: 0.3 }, beta: { float: 0.4 } });
      const elu = g.add('Elu', [clipped]);
      return g.add('Sum', [...all, leaky, hard, elu, g.add('Max', [x, clipped]), g.add('Min', [x, clipped])]);
    },
  ],
  'Concat of branches, then Transpose': [
    image,
    (x, g) => {
      const [a, b] = [random(g, 'a', [2, 6, 1, 1]), random(g, 'b', [3, 6, 1, 1])];
      const both = g.add('Concat', [g.add('Conv', [x, a]), x, g.add('Conv', [x, b])], { axis: 1 });
      return g.add('Transpose', [both], { perm: [0, 2, 3, 1] });
    },
  ],
  'Pad, Slice and Split': [
    image,
    (x, g) => {
      const padded = g.add('Pad', [x, g.integers([0, 0, 1, 0, 0, 0, 0, 2]), g.float(0.5)]);
      const cut = g.add('Slice', [padded, g.integers([1, -6]), g.integers([7, 1000]), g.integers([2, 3])]);
      const [a, b] = g.addMany('Split', [cut, g.integers([2, 4])], 2, { axis: 1 });
      return g.add('Concat', [b, a], { axis: 1 });
    },
  ],
  'ReduceMean and ReduceSum over pixels, Gemm': [
    image,
    (x, g) => {
      const mean = g.add('ReduceMean', [x, g.integers([2, 3])], { keepdims: 0 });
      const sum = g.add('Squeeze', [g.add('ReduceSum', [x, g.integers([-1, -2])]), g.integers([2, 3])]);
      const features = g.add('Add', [mean, sum]);
      return g.add('Gemm', [features, random(g, 'w', [5, 6]), random(g, 'b', [5])], {
        transB: 1,
        alpha: { float: 0.5 },
        beta: { float: 2 },
      });
    },
  ],
  'Reshape by the shape of the images': [
    image,
    (x, g) => {
      const count = g.add('Gather', [g.add('Shape', [x]), g.constant(new Int32Array([0]), [], 'int32')], { axis: 0 });
      const shape = g.add('Concat', [g.add('Unsqueeze', [count, g.integers([0])]), g.integers([-1])], { axis: 0 });
      return g.add('MatMul', [g.add('Reshape', [x, shape]), random(g, 'w', [6 * 7 * 9, 3])]);
    },
  ],
  'a block of a transformer': [
    [2, 5, 8],
    (x, g) => {
      const normalized = g.add('LayerNormalization', [x, random(g, 'g', [8]), random(g, 'b', [8])], { axis: -1 });
      const [q, k] = ['q', 'k'].map(name => g.add('MatMul', [normalized, random(g, name, [8, 8])]));
      const products = g.add('MatMul', [q, g.add('Transpose', [k], { perm: [0, 2, 1] })]);
      const weights = g.add('Softmax', [g.add('Mul', [products, g.float(0.3)])], { axis: -1 });
      return g.add('Add', [x, g.add('MatMul', [weights, normalized])]);
    },
  ],
};

describe('an ONNX network gives what ONNX Runtime gives, eagerly and compiled', () => {
  for (const [name, [shape, build]] of Object.entries(CASES)) test(name, () => expectSame(shape, build));
});

test('weights kept as small integers are widened when they are read', async () => {
  const node = (op: string, inputs: string[], output: string, attributes = {}) => ({ op, domain: '', inputs, outputs: [output], attributes }); // prettier-ignore
  const bytes = encodeOnnx({
    nodes: [node('DequantizeLinear', ['q', 's', 'z'], 'w', { axis: 0 }), node('Conv', ['x', 'w'], 'y')],
    inputs: [{ name: 'x', type: 'float32', shape: [1, 2, 1, 1] }],
    outputs: [{ name: 'y', type: 'float32', shape: [1, 3, 1, 1] }],
    initializers: [
      { name: 'q', type: 'uint8', shape: [3, 2, 1, 1], data: Uint8Array.of(0, 255, 10, 20, 30, 40) },
      { name: 's', type: 'float32', shape: [3], data: Float32Array.of(0.5, 0.25, 2) },
      { name: 'z', type: 'uint8', shape: [3], data: Uint8Array.of(128, 0, 30) },
    ],
  });
  const network = onnxNetwork(bytes);
  // (q - z) s by output channel, as [h, w, C, K]
  assert.deepEqual([...network.parameters.w.data], [-64, 2.5, 0, 63.5, 5, 20]);
  const x = Float32Array.of(3, 5);
  const ort = runtime();
  const session = await ort.InferenceSession.create(bytes);
  const truth = (await session.run({ x: new ort.Tensor('float32', x, [1, 2, 1, 1]) })).y.data as Float32Array;
  assert.deepEqual([...truth], [3 * -64 + 5 * 63.5, 3 * 2.5 + 5 * 5, 5 * 20]);
  const y = tf.tidy(() => {
    const w = tf.tensor(network.parameters.w.data, [...network.parameters.w.shape]);
    return network.apply({ w }, tf.tensor(x, [1, 2, 1, 1])).y;
  });
  assert.deepEqual([...(await y.data())], [...truth]);
  y.dispose();
});

test('what is not known is named with its node', () => {
  const refused = (build: Build, message: RegExp): void => {
    assert.throws(() => onnxNetwork(fileOf(image, build)), message);
  };
  refused((x, g) => g.add('LSTM', [x]), /the operator LSTM of node 'LSTM_0': it is not known/);
  refused((x, g) => g.add('Relu', [x], { slope: 2 }), /the operator Relu of node 'Relu_0': the attribute slope/);
  refused((x, g) => g.add('Gelu', [x], {}, 'com.microsoft'), /operators of com.microsoft are not known/);
  refused((x, g) => g.add('Conv', [x, x]), /Conv of node 'Conv_0': its weights must be a constant/);
  refused((x, g) => g.add('MaxPool', [x], { kernel_shape: [3] }), /MaxPool.*a window of \[3\]/);
});

test('a damaged file is an error', () => {
  const bytes = fileOf(image, (x, g) => g.add('Relu', [x]));
  assert.throws(() => onnxNetwork(bytes.subarray(0, bytes.length - 3)), /damaged/);
  const short = encodeOnnx({
    nodes: [],
    inputs: [],
    outputs: [],
    initializers: [{ name: 'w', type: 'float32', shape: [1000, 1000], data: new Float32Array(4) }],
  });
  assert.throws(() => onnxNetwork(short), /tensor 'w': 16 bytes for \[1000, 1000\]/);
});
