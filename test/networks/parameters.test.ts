import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { ddpmpp, denoiserFromConfig, initialParameters, matchParameters, mlp, type Tensors } from '../../src/networks';
import { assertClose, mean, variance } from '../close';

const tiny = { resolution: 8, channels: 1, modelChannels: 8, channelMult: [1, 2], blocks: 1, attention: [4] };
const values = async (tensors: Tensors): Promise<Record<string, number[]>> => {
  const entries = Object.entries(tensors).map(async ([name, t]) => [name, Array.from(await t.data())] as const);
  return Object.fromEntries(await Promise.all(entries));
};

describe('initial parameters', () => {
  test('are a function of the seed and the name alone, the same on both backends', async () => {
    const specs = ddpmpp(tiny).parameters;
    await selectBackend({ backend: 'wasm' });
    const [first, again, other] = await Promise.all([3, 3, 4].map(seed => values(initialParameters(specs, seed))));
    assert.deepEqual(first, again);
    assert.notDeepEqual(first, other);
    await selectBackend({ backend: 'cpu' });
    assert.deepEqual(await values(initialParameters([...specs].reverse(), 3)), first);
  });

  test('weights are uniform with variance scale^2 2 / (fan in + fan out), biases 0, norms 1', async () => {
    await selectBackend({ backend: 'cpu' });
    const p = initialParameters(mlp({ width: 128, blocks: 1 }).parameters, 0);
    const weights = await p['model.block0.linear0.weight'].data();
    assertClose(mean(weights), 0, 0.002);
    assertClose(variance(weights), 2 / 256, 0.03 * (2 / 256));
    const bound = Math.sqrt(6 / 256);
    assert.ok(weights.every(w => Math.abs(w) <= bound) && weights.some(w => Math.abs(w) > 0.99 * bound));
    const small = await p['model.out.weight'].data(); // [128, 2]: 256 weights, scaled by 1e-5
    assertClose(variance(small) / 1e-10, 2 / 130, 0.15 * (2 / 130));
    assert.ok((await p['model.in.bias'].data()).every(b => b === 0));
    const image = initialParameters(ddpmpp(tiny).parameters, 0);
    assert.ok((await image['model.enc.8x8_block0.norm0.weight'].data()).every(w => w === 1));
  });
});

describe('matchParameters', () => {
  const specs = [
    { name: 'a', shape: [2], init: { kind: 'constant', value: 0 } },
    { name: 'b', shape: [2, 3], init: { kind: 'constant', value: 0 } },
  ] as const;

  test('returns what is asked for, in order, and passes over the constant filters of the reference', async () => {
    await selectBackend({ backend: 'cpu' });
    const given = { b: tf.zeros([2, 3]), 'enc.resample_filter': tf.ones([1]), a: tf.ones([2]) };
    const matched = matchParameters('f', specs, given);
    assert.deepEqual(Object.keys(matched), ['a', 'b']);
    assert.equal(matched.a, given.a);
  });

  test('names what is missing, unknown and misshapen, at most five each', async () => {
    await selectBackend({ backend: 'cpu' });
    const given = { b: tf.zeros([3, 2]), c: tf.ones([1]) };
    assert.throws(() => matchParameters('load', specs, given), {
      name: 'ArgumentError',
      message: 'load: parameters do not fit the network; missing a; unknown c; misshapen b [3, 2] instead of [2, 3]',
    });
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`extra${i}`, tf.ones([1])]));
    assert.throws(() => matchParameters('load', [], many), /unknown extra0, extra1, extra2, extra3, extra4, \.\.\.$/);
  });
});

test('unknown kinds and options of networks are refused with the nearest name', () => {
  assert.throws(() => denoiserFromConfig({ kind: 'ddpmp' }), {
    message:
      "denoiserFromConfig: unknown kind of network 'ddpmp'. Did you mean 'ddpmpp'? Known: ddpmpp, ncsnpp, adm, edm2, mlp, mixture.",
  });
  assert.throws(() => denoiserFromConfig({ kind: 'mlp', with: 3 }), /unknown option 'with'. Did you mean 'width'\?/);
  assert.throws(() => ddpmpp({ modelChannel: 3 } as object), /Did you mean 'modelChannels'\?/);
  assert.throws(
    () => ddpmpp({ ...tiny, resolution: 7 }),
    /resolution must be divisible by 2\^1 for 2 resolutions, got 7/,
  );
  assert.throws(() => ddpmpp({ ...tiny, modelChannels: 6 }), /modelChannels must be a multiple of 4, got 6/);
  assert.throws(
    () => ddpmpp({ ...tiny, dropout: 1 }),
    /dropout must be a finite number of at least 0 and at most 0.999/,
  );
  assert.throws(() => ddpmpp({ ...tiny, attention: 4 as never }), /attention must be an array, got 4/);
  assert.throws(() => mlp({ blocks: 0 }), /mlp: blocks must be an integer from 1 to 1000, got 0/);
  assert.throws(() => mlp({ width: 5 }), /mlp: width must be even, got 5/);
});
