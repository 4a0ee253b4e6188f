import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bindWeights } from '../../../src/compute/onnx/bind-weights';
import type { OnnxModel, OnnxNode, OnnxTensor } from '../../../src/compute/onnx/onnx-file';

const integers = (name: string, ...values: number[]): OnnxTensor => ({
  name,
  type: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values.map(BigInt)),
});

const node = (op: string, inputs: string[], outputs: string[], attributes = {}): OnnxNode => ({ op, domain: '', inputs, outputs, attributes }); // prettier-ignore

/** x + what `nodes` make of the weight w [2, 3] = [[0, 1, 2], [3, 4, 5]]: `used` are the names that come of it. */
const bound = (nodes: OnnxNode[], used: string[], ...constants: OnnxTensor[]): OnnxModel => {
  const sums = used.map((name, i) => node('Add', ['x', name], [`y${i}`]));
  const float = (name: string, shape: number[]) => ({ name, type: 'float32' as const, shape });
  const model: OnnxModel = {
    nodes: [...nodes, ...sums],
    inputs: [float('x', [1]), float('w', [2, 3])],
    outputs: sums.map(({ outputs: [name] }) => float(name, [1])),
    initializers: constants,
  };
  return bindWeights(model, { w: { shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) } });
};

const weights = ({ initializers }: OnnxModel): Record<string, unknown> =>
  Object.fromEntries(
    initializers.map(({ name, shape, data }) => [name, { shape, data: [...(data as Float32Array | BigInt64Array)] }]),
  );

describe('weights bound into a model', () => {
  test('a weight as it is', () => {
    const model = bound([], ['w']);
    assert.deepEqual(weights(model), { w: { shape: [2, 3], data: [0, 1, 2, 3, 4, 5] } });
    assert.deepEqual([model.inputs.map(({ name }) => name), model.nodes.length], [['x'], 1]);
  });

  test('reshaped, transposed, sliced and split ahead of time', () => {
    const reshaped = bound([node('Reshape', ['w', 'to'], ['r'])], ['r'], integers('to', 3, 2));
    assert.deepEqual(weights(reshaped), { w: { shape: [3, 2], data: [0, 1, 2, 3, 4, 5] } });
    const transposed = bound([node('Transpose', ['w'], ['t'], { perm: [1, 0] })], ['t']);
    assert.deepEqual(weights(transposed), { w: { shape: [3, 2], data: [0, 3, 1, 4, 2, 5] } });
    const bounds = [integers('from', 1), integers('end', 3), integers('axes', 1)];
    const sliced = bound([node('Slice', ['w', 'from', 'end', 'axes'], ['s'])], ['s'], ...bounds);
    assert.deepEqual(weights(sliced), { w: { shape: [2, 2], data: [1, 2, 4, 5] } });
    const split = bound([node('Split', ['w', 'sizes'], ['a', 'b'], { axis: 1 })], ['a', 'b'], integers('sizes', 1, 2));
    assert.deepEqual(weights(split), {
      'w.0': { shape: [2, 1], data: [0, 3] },
      'w.1': { shape: [2, 2], data: [1, 2, 4, 5] },
    });
    const padded = bound([node('Pad', ['w', 'by'], ['p'])], ['p'], integers('by', 1, 0, 0, 1));
    assert.deepEqual(weights(padded), { w: { shape: [3, 4], data: [0, 0, 0, 0, 0, 1, 2, 0, 3, 4, 5, 0] } });
    for (const model of [reshaped, transposed, sliced, split, padded])
      assert.ok(model.nodes.every(({ op }) => op === 'Add'));
  });

  test('one after another, and in two forms at once', () => {
    const nodes = [
      node('Transpose', ['w'], ['t'], { perm: [1, 0] }),
      node('Slice', ['t', 'from', 'end', 'axes'], ['s']),
      node('Reshape', ['s', 'flat'], ['f']),
    ];
    const constants = [integers('from', 1), integers('end', 2), integers('axes', 0), integers('flat', 2)];
    const model = bound(nodes, ['f', 'w'], ...constants);
    assert.deepEqual(weights(model), {
      'w.0': { shape: [2, 3], data: [0, 1, 2, 3, 4, 5] },
      'w.1': { shape: [2], data: [1, 4] },
    });
    assert.deepEqual(model.nodes.map(({ inputs }) => inputs), [['x', 'w.1'], ['x', 'w.0']]); // prettier-ignore
  });

  test('what computes with a weight, or has a shape known at run time only, stays', () => {
    const model = bound([node('Neg', ['w'], ['n']), node('Reshape', ['w', 'x'], ['r'])], ['n', 'r']);
    assert.deepEqual(model.nodes.map(({ op }) => op), ['Neg', 'Reshape', 'Add', 'Add']); // prettier-ignore
  });

  test('a weight of another shape or name is refused', () => {
    const model: OnnxModel = { nodes: [], inputs: [], outputs: [], initializers: [] };
    const weight = { shape: [1], data: Float32Array.of(1) };
    assert.throws(() => bindWeights(model, { v: weight }), /weight v \[1\] does not fit the model's input \[none\]/);
  });
});
