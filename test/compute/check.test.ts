import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ArgumentError,
  expectInteger,
  expectKeys,
  expectNumber,
  expectOneOf,
  expectShape,
  fail,
  unknownName,
  withDefaults,
} from '../../src/compute/check';
import { randomSource } from '../../src/compute/noise';

const messageOf = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    assert.ok(error instanceof ArgumentError);
    assert.equal(error.name, 'ArgumentError');
    return error.message;
  }
  return assert.fail('did not throw');
};

test('messages name the function, the argument, what was expected and what came', () => {
  assert.equal(
    messageOf(() => fail('blur', 'radius', 'an integer', 'wide')),
    "blur: radius must be an integer, got 'wide'",
  );
  assert.equal(
    messageOf(() => expectNumber('f', 'x', NaN)),
    'f: x must be a finite number, got NaN',
  );
  assert.equal(
    messageOf(() => expectNumber('f', 'x', 2, { min: 0, max: 1 })),
    'f: x must be a finite number of at least 0 and at most 1, got 2',
  );
  assert.equal(
    messageOf(() => expectNumber('f', 'x', 0, { above: 0 })),
    'f: x must be a finite number above 0, got 0',
  );
  assert.equal(
    messageOf(() => expectNumber('f', 'x', '1')),
    "f: x must be a finite number, got '1'",
  );
  assert.equal(
    messageOf(() => expectInteger('f', 'n', 1.5, { min: 1, max: 4 })),
    'f: n must be an integer from 1 to 4, got 1.5',
  );
  assert.equal(
    messageOf(() => expectOneOf('f', 'mode', 'c', ['a', 'b'])),
    "f: mode must be one of 'a', 'b', got 'c'",
  );
  assert.equal(
    messageOf(() => expectShape('f', 'x', { shape: [2, 3] }, [-1, 4])),
    'f: x must be of shape [*, 4], got [2,3]',
  );
});

test('values that are long, functions or arrays of bytes are shown in short', () => {
  assert.match(
    messageOf(() => fail('f', 'x', 'short', new Float32Array(1000))),
    /got a Float32Array of 4000 bytes$/,
  );
  assert.match(
    messageOf(() => fail('f', 'x', 'data', () => 0)),
    /got a function$/,
  );
  assert.ok(messageOf(() => fail('f', 'x', 'short', Array(1000).fill(1))).length < 120);
  assert.match(
    messageOf(() => fail('f', 'x', 'given', undefined)),
    /got undefined$/,
  );
});

test('checks return good values unchanged', () => {
  assert.equal(expectNumber('f', 'x', 0.5, { min: 0.5, max: 0.5 }), 0.5);
  assert.equal(expectInteger('f', 'n', 3), 3);
  assert.equal(expectOneOf('f', 'mode', 'b', ['a', 'b']), 'b');
  expectShape('f', 'x', { shape: [7, 4] }, [-1, 4]);
});

test('an unknown name points at the nearest one, unless nothing is near', () => {
  const known = ['alpha', 'coef', 'sigmaData'];
  assert.equal(
    unknownName('cosim', 'option', 'coeff', known).message,
    "cosim: unknown option 'coeff'. Did you mean 'coef'? Known: alpha, coef, sigmaData.",
  );
  assert.equal(
    unknownName('cosim', 'option', 'temperature', known).message,
    "cosim: unknown option 'temperature'. Known: alpha, coef, sigmaData.",
  );
  assert.throws(() => expectKeys('f', { sigmadata: 1 }, known), /Did you mean 'sigmaData'\?/);
});

test('100 names with one letter changed, dropped or doubled all point at the name they came from', () => {
  const known = ['learningRate', 'emaHalflife', 'emaRampup', 'maxBadSteps', 'batch', 'rounds', 'warmup', 'sigmaMax'];
  const random = randomSource({ seed: 0, stream: 'typing errors' });
  for (let i = 0; i < 100; i++) {
    const name = known[random.integer(known.length)];
    const at = random.integer(name.length);
    const [head, letter, tail] = [name.slice(0, at), name[at], name.slice(at + 1)];
    const typed = [`${head}_${tail}`, head + tail, head + letter + letter + tail][random.integer(3)];
    assert.throws(() => withDefaults('run', { [typed]: 1 }, Object.fromEntries(known.map(k => [k, 0]))), {
      message: new RegExp(`unknown option '${typed}'. Did you mean '${name}'\\?`),
    });
  }
});

describe('withDefaults', () => {
  const defaults = { rate: 0.1, name: 'adam', sizes: [1, 2], nested: { a: 1 } };

  test('fills in what was not given; undefined means the default', () => {
    assert.deepEqual(withDefaults('f', { rate: 0.2, name: undefined }, defaults), { ...defaults, rate: 0.2 });
  });

  test('refuses values of another type', () => {
    const given = (options: object) => () => withDefaults('f', options, defaults);
    assert.throws(given({ rate: '0.1' }), /f: rate must be a number, got '0.1'/);
    assert.throws(given({ rate: null }), /f: rate must be a number, got null/);
    assert.throws(given({ sizes: 3 }), /f: sizes must be an array, got 3/);
    assert.throws(given({ sizes: { 0: 1 } }), /sizes must be an array/);
    assert.throws(given({ nested: [1] }), /nested must be an object/);
  });

  test('leaves its arguments alone', () => {
    const [given, base] = [Object.freeze({ rate: 1 }), Object.freeze({ ...defaults })];
    assert.equal(withDefaults('f', given, base).rate, 1);
  });
});
