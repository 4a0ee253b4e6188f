import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import { arrayOf, copied, followWeights, onlyRearranges, viewOf } from '../../../src/compute/onnx/rearranged-weights';
import type { OnnxNode, OnnxTensor } from '../../../src/compute/onnx/onnx-file';
import { gaussians } from '../../close';

before(() => selectBackend({ backend: 'cpu' }));

const node = (op: string, inputs: string[], outputs: string[], attributes = {}): OnnxNode => ({ op, domain: '', inputs, outputs, attributes }); // prettier-ignore

const integers = (name: string, ...values: number[]): OnnxTensor => ({
  name,
  type: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values.map(BigInt)),
});

const weight = { shape: [60], data: gaussians(60, 'weight') };

/** A filter out of a vector of weights: cut out, shaped, zeros around its channels, in blocks of four, turned. */
const filter = {
  nodes: [
    node('Split', ['w', 'sizes'], ['a', 'b', 'c'], { axis: 0 }),
    node('Reshape', ['b', 'shape'], ['f']),
    node('Transpose', ['f'], ['t'], { perm: [1, 2, 0] }),
    node('Pad', ['t', 'around'], ['p']),
    node('Reshape', ['p', 'blocks'], ['q']),
    node('Transpose', ['q'], ['r'], { perm: [2, 0, 3, 1] }),
    node('Slice', ['r', 'from', 'to', 'axes'], ['s']),
  ],
  initializers: [
    integers('sizes', 5, 48, 7),
    integers('shape', 2, 3, 8),
    integers('around', 1, 0, 0, 0, 0, 2),
    integers('blocks', 4, 2, 4, 4),
    integers('from', 1),
    integers('to', 3),
    integers('axes', 0),
  ],
};

describe('weights followed through what only rearranges them', () => {
  test('the same as TensorFlow.js makes, operation by operation', () => {
    assert.ok(onlyRearranges(filter));
    const known = new Map([['w', viewOf(weight)]]);
    assert.deepEqual(followWeights(filter, known), []);
    const expected = tf.tidy(() => {
      const f = tf.transpose(tf.reshape(tf.slice(tf.tensor1d(weight.data), 5, 48), [2, 3, 8]), [1, 2, 0]);
      const padded = tf.pad(f, [[1, 0], [0, 0], [0, 2]]); // prettier-ignore
      const turned = tf.transpose(tf.reshape(padded, [4, 2, 4, 4]), [2, 0, 3, 1]);
      return tf.slice(turned, [1, 0, 0, 0], [2, 4, 4, 2]).dataSync();
    });
    const { shape, data } = copied(known.get('s')!);
    assert.deepEqual([shape, data], [[2, 4, 4, 2], expected]);
  });

  test('numbers that lie in order are not copied; what is copied can take the place of what was there', () => {
    const known = new Map([['w', viewOf(weight)]]);
    followWeights(filter, known);
    assert.equal(arrayOf(known.get('f')!).data.buffer, weight.data.buffer);
    assert.notEqual(arrayOf(known.get('t')!).data.buffer, weight.data.buffer);
    const into = new Float32Array(48).fill(9);
    assert.equal(copied(known.get('t')!, into).data, into);
    assert.deepEqual(into, copied(known.get('t')!).data);
    assert.deepEqual(arrayOf(viewOf({ shape: [], data: Float32Array.of(7) })).data, Float32Array.of(7));
  });

  test('a node that does more, or is not known to do less, is none of them', () => {
    const { initializers } = filter;
    const others = [
      node('Add', ['w', 'w'], ['y']),
      node('Reshape', ['w', 'computed'], ['y']),
      node('Slice', ['w', 'from', 'to', 'axes', 'axes'], ['y']), // with steps
      node('Pad', ['w', 'around', 'value'], ['y']), // of other than zeros
      { ...node('Transpose', ['w'], ['y'], { perm: [0] }), domain: 'com.microsoft' },
    ];
    for (const other of others) {
      assert.ok(!onlyRearranges({ nodes: [other], initializers }), other.op);
      assert.deepEqual(followWeights({ nodes: [other], initializers }, new Map([['w', viewOf(weight)]])), [other]);
    }
    const vectors = [
      integers('back', -1),
      integers('first', 0),
      integers('by', -1, 0),
      integers('two', 30, 30),
      integers('far', 99),
    ];
    const from = [
      node('Slice', ['w', 'back', 'far', 'first'], ['y']),
      node('Slice', ['w', 'first', 'far', 'back'], ['y']),
      node('Split', ['w', 'two'], ['y', 'z'], { axis: -1 }),
      node('Split', ['w', 'two'], ['y', 'z']),
      node('Transpose', ['w'], ['y']),
      node('Pad', ['w', 'by'], ['y']),
      node('Pad', ['w', 'two'], ['y'], { mode: 'edge' }),
    ];
    for (const other of from) assert.ok(!onlyRearranges({ nodes: [other], initializers: vectors }), other.op);
    const all = new Map([['w', viewOf(weight)]]);
    followWeights({ nodes: [node('Slice', ['w', 'first', 'far', 'first'], ['y'])], initializers: vectors }, all);
    assert.deepEqual(copied(all.get('y')!), weight); // an end beyond the last number is the last
    const inferred = { nodes: [node('Reshape', ['w', 'shape'], ['y'])], initializers: [integers('shape', -1, 2)] };
    assert.ok(!onlyRearranges(inferred));
  });
});
