import { shapeSize } from '../../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/compute/backend';
import { compileModel } from '../../../src/compute/onnx';
import { feed, partsOf, Session } from '../../../src/compute/onnx/session';
import { splitFixed } from '../../../src/compute/onnx/split-fixed';
import type { Tensors } from '../../../src/compute/tensors';
import { assertAllClose, gaussians } from '../../close';

before(() => selectBackend({ backend: 'cpu' }));

/** y = conv(x, w) (v^2 + 1): the filter's layout and v^2 + 1 depend on w and v alone. */
const f = ({ x, w, v }: Tensors): Tensors => ({
  y: tf.mul(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), tf.add(tf.square(v), 1)),
});
const shapes = { x: [2, 4, 4, 3], w: [3, 3, 3, 5], v: [5] };
const arraysOf = (stream: string): Record<string, Float32Array> =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, gaussians(shapeSize(shape), `${stream} ${name}`)]),
  );

const expected = (arrays: Record<string, Float32Array>): Float32Array =>
  tf.tidy(() => {
    const inputs = Object.entries(shapes).map(([name, shape]) => [name, tf.tensor(arrays[name], shape)] as const);
    return f(Object.fromEntries(inputs)).y.dataSync<'float32'>().slice();
  });

/** Runs a session three times: with all inputs, another x, another w. */
const runThrice = async (session: Session): Promise<void> => {
  const [a, b] = [arraysOf('a'), arraysOf('b')];
  feed(session, a);
  await session.run();
  assertAllClose(session.output('y'), expected(a), 1e-6);
  session.write('x', b.x);
  await session.run();
  assertAllClose(session.output('y'), expected({ ...a, x: b.x }), 1e-6);
  session.write('w', b.w);
  await session.run();
  assertAllClose(session.output('y'), expected({ ...a, x: b.x, w: b.w }), 1e-6);
  await session.dispose();
};

describe('what depends on fixed inputs alone', () => {
  test('is a model of its own; no operation is in both or lost', async () => {
    const model = await compileModel(f, shapes, 'portable');
    const { first, rest } = splitFixed(model, ['w', 'v']);
    assert.deepEqual([...first.nodes, ...rest.nodes].length, model.nodes.length);
    assert.deepEqual(first.nodes.map(({ op }) => op).sort(), ['Add', 'Mul', 'Transpose']);
    assert.deepEqual(
      rest.inputs.map(({ name }) => name).slice(0, 3),
      model.inputs.map(({ name }) => name),
    );
  });

  for (const lowering of ['auto', 'portable'] as const)
    test(`is computed again when one of them changes, and only then (${lowering})`, async () => {
      const session = await Session.create(partsOf(await compileModel(f, shapes, lowering), ['w', 'v']));
      await runThrice(session);
    });

  test('a single weight that is only arranged is kept in that form alone', async () => {
    const whole = await compileModel(f, shapes, 'portable');
    assert.equal(partsOf(whole, ['w', 'v']).first?.arranges, undefined);
    assert.equal(partsOf(whole, ['v']).first?.arranges, undefined); // v^2 + 1 is more
    const parts = partsOf(whole, ['w']);
    assert.deepEqual(parts.first?.arranges?.nodes.map(({ op }) => op), ['Transpose']); // prettier-ignore
    const session = await Session.create({ ...parts, first: { ...parts.first, bytes: new Uint8Array() } }); // not opened
    const a = arraysOf('a');
    assert.throws(
      () => feed(session, { ...a, w: a.w.subarray(1) }),
      /w must be 135 numbers \(shape \[3, 3, 3, 5\]\), got 134/,
    );
    await runThrice(session);
  });

  test('a result that depends on a fixed input alone is computed', async () => {
    const both = ({ x, w }: Tensors): Tensors => ({ y: tf.matMul(x, w, false, true), z: tf.transpose(w) });
    const model = await compileModel(both, { x: [1, 3], w: [2, 3] }, 'portable');
    const session = await Session.create(partsOf(model, ['w']));
    feed(session, { x: Float32Array.of(1, 0, 0), w: Float32Array.of(1, 2, 3, 4, 5, 6) });
    await session.run();
    assert.deepEqual([...session.output('y')], [1, 4]);
    assert.deepEqual([...session.output('z')], [1, 4, 2, 5, 3, 6]);
    await session.dispose();
  });

  test('is nothing where every operation needs another input: then the model stays whole', async () => {
    const product = await compileModel(({ x, v }) => ({ y: tf.mul(x, v) }), { x: [2, 5], v: [5] }, 'portable');
    assert.equal(partsOf(product, ['v']).first, undefined);
  });
});
