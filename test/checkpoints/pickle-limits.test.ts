import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounded } from './bounded';
import { bytesOf, little, refusal, text } from './pickle-bytes';

const repeated = (piece: string, count: number): Buffer => Buffer.alloc(piece.length * count, piece, 'latin1');

/** ten references to the list before, `levels` times: 10^levels leaves. */
const laughs = (levels: number): Buffer => {
  const level = (i: number): Buffer => bytesOf('](', ...Array<Buffer>(10).fill(bytesOf('h', i - 1)), 'eq', i, '0');
  return bytesOf('\x80\x02]q\x000', ...Array.from({ length: levels }, (_, i) => level(i + 1)), 'h', levels, '.');
};

const cases: [what: string, code: string, make: () => Buffer][] = [
  ['a million opcodes', 'limit-opcodes', () => bytesOf('\x80\x02', repeated('N0', 500_001), '}.')],
  ['a stack of 100,001 values', 'limit-stack', () => bytesOf('\x80\x02', repeated('N', 100_001), '.')],
  ['100,001 marks', 'limit-stack', () => bytesOf('\x80\x02', repeated('(', 100_001), '.')],
  ['a text of 1 GB', 'pickle-truncated', () => bytesOf('\x80\x02X', little(1e9, 4), 'a')],
  ['bytes of 2^63', 'pickle-truncated', () => bytesOf('\x80\x04\x8e', little(2n ** 63n, 8))],
  ['an integer of 255 bytes', 'limit-size', () => bytesOf('\x80\x02\x8a\xff', Buffer.alloc(255, 1), '.')],
  ['an integer of 2 GB', 'limit-size', () => bytesOf('\x80\x02\x8b', little(2 ** 31, 4), '.')],
  ['an integer of 100,000 digits', 'pickle-value', () => bytesOf('L', '9'.repeat(100_000), 'L\n.')],
  ['2^40 values by reference', 'limit-nodes', () => laughs(12)],
  ['a list inside itself', 'limit-depth', () => bytesOf('\x80\x02]q\x00h\x00a.')],
  ['a dictionary inside itself', 'limit-depth', () => bytesOf('\x80\x02}q\x00K\x01h\x00s.')],
  [
    'a module inside itself',
    'limit-depth',
    () =>
      bytesOf(
        '\x80\x04',
        'ctorch.nn.modules.container\nModuleDict\n)\x81q\x00}(',
        text('_parameters'),
        '}',
        text('_buffers'),
        '}',
        text('_modules'),
        '}',
        text('self'),
        'h\x00sub.',
      ),
  ],
  [
    'one list copied again and again',
    'limit-opcodes',
    () =>
      bytesOf('\x80\x02](', repeated('K\x01', 50_000), 'eq\x000', repeated('cbuiltins\nset\nh\x00\x85R0', 100), '}.'),
  ],
  [
    'one text decoded again and again',
    'limit-size',
    () =>
      bytesOf(
        '\x80\x02X',
        little(1_000_000, 4),
        repeated('a', 1_000_000),
        'q\x000',
        repeated('c_codecs\nencode\nh\x00\x8c\x06latin1\x86R0', 100),
        '}.',
      ),
  ],
];

test('what is larger than any checkpoint needs is refused by the limit it breaks', async t => {
  for (const [what, code, make] of cases)
    await t.test(`${what}: ${code}`, async () => {
      const pickle = make();
      assert.equal(await bounded(() => refusal(pickle)), code);
    });
});

test('more memo entries than allowed are refused, and the caller can set the limits', async () => {
  const pickle = bytesOf('\x80\x04]', repeated('\x94', 1000), '.');
  assert.equal(await refusal(pickle), 'no-tensors');
  assert.equal(await refusal(pickle, { limits: { memo: 999 } }), 'limit-memo');
  assert.equal(await refusal(pickle, { limits: { opcodes: 1000 } }), 'limit-opcodes');
});

test('a memo index far beyond the entries costs nothing', async () => {
  const pickle = bytesOf('\x80\x02]r', little(2 ** 32 - 1, 4), '0j', little(2 ** 32 - 1, 4), '.');
  assert.equal(await bounded(() => refusal(pickle)), 'no-tensors');
});

/** A pickle of `views` tensors that share a storage of `count` floats, with these sizes and strides. */
const tensorPickle = (count: number, sizes: number[], strides: number[], views = 1): Buffer => {
  const numbers = (values: number[]): Buffer => bytesOf('(', ...values.map(v => bytesOf('J', little(v, 4))), 't');
  const id = bytesOf(
    '(',
    text('storage'),
    'ctorch\nFloatStorage\n',
    text('0'),
    text('cpu'),
    'J',
    little(count, 4),
    'tQ',
  );
  const magic = bytesOf('\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.');
  const machine = bytesOf('\x80\x02}', text('little_endian'), '\x88s.');
  const object = bytesOf(
    '\x80\x02](ctorch._utils\n_rebuild_tensor_v2\n(',
    ...[id, 'K\x00', numbers(sizes), numbers(strides), '\x89ccollections\nOrderedDict\n)Rtq\x00R'],
    ...[repeated('ctorch._utils\n_rebuild_tensor_v2\nh\x00R', views - 1), 'e.'],
  );
  const keys = bytesOf('\x80\x02]', text('0'), 'a.');
  return bytesOf(magic, '\x80\x02M\xe9\x03.', machine, object, keys, little(count, 8), Buffer.alloc(4 * count));
};

test('a view may repeat its storage, but not without measure', async () => {
  assert.equal(await refusal(tensorPickle(8, [1000, 8], [0, 1])), 'accepted');
  assert.equal(await bounded(() => refusal(tensorPickle(8, [2 ** 30, 4], [0, 1]))), 'limit-expansion');
  assert.equal(await refusal(tensorPickle(8, [2, 8], [1, 1])), 'tensor-bounds');
  assert.equal(await refusal(tensorPickle(8, [2, 7], [1, 1])), 'accepted');
  assert.equal(await refusal(tensorPickle(8, Array<number>(33).fill(1), Array<number>(33).fill(1))), 'tensor-shape');
});

/** A value under one key of 100 KB, in `levels` dictionaries inside one another; each level lists the one below ten times. */
const longKeys = (levels: number): Buffer => {
  const key = bytesOf('X', little(100_000, 4), repeated('k', 100_000), 'q\x00', '0');
  const level = bytesOf('q\x01', '0', '}', 'h\x00', '(', repeated('h\x01', 10), 'ls');
  return bytesOf('\x80\x02', key, 'N', ...Array<Buffer>(levels).fill(level), '.');
};

/** 65,536 numbers of a NumPy array, referred to `count` times. */
const sharedArray = (count: number): Buffer => {
  const dtype = bytesOf('cnumpy\ndtype\n', text('f8'), '\x85R');
  const bytes = bytesOf('B', little(8 * 65_536, 4), Buffer.alloc(8 * 65_536));
  const array = bytesOf(
    'cnumpy._core.numeric\n_frombuffer\n(',
    bytes,
    dtype,
    'J',
    little(65_536, 4),
    '\x85',
    text('C'),
    'tRq\x00',
  );
  return bytesOf('\x80\x04](', array, repeated('h\x00', count), 'e\x85.');
};

/** `pieces` put into a collection of the stack, 10,000 at a time: `put` is the opcode. */
const filled = (pieces: Buffer[], put: string): Buffer[] =>
  pieces.length === 0
    ? []
    : [bytesOf('(', Buffer.concat(pieces.slice(0, 1e4)), put), ...filled(pieces.slice(1e4), put)];

/** A module with a set of `count` names of buffers, and as many buffers. */
const largeSet = (count: number): Buffer => {
  const names = Array.from({ length: count }, (_, i) => text(`b${i}`));
  const buffers = names.map(name => bytesOf(name, 'K\x01')); // none of them is nothing, which would be passed over
  return bytesOf(
    ...['\x80\x04ctorch.nn.modules.container\nModuleDict\n)\x81}('],
    ...[text('_parameters'), '}', text('_modules'), '}', text('_buffers'), '}', ...filled(buffers, 'u')],
    ...[text('_non_persistent_buffers_set'), '\x8f', ...filled(names, '\x90'), 'ub.'],
  );
};

test('what is referred to again and again counts each time', async () => {
  assert.equal(await bounded(() => refusal(longKeys(150))), 'limit-expansion');
  assert.equal(await bounded(() => refusal(sharedArray(20_000))), 'limit-expansion');
  assert.equal(await bounded(() => refusal(largeSet(100_000))), 'no-tensors');
});

test('views that each read a whole storage are counted by what they read', async () => {
  // two elements of each view, the first and the last of a megabyte
  assert.equal(await refusal(tensorPickle(250_000, [2], [249_999], 10)), 'accepted');
  assert.equal(await bounded(() => refusal(tensorPickle(250_000, [2], [249_999], 1000))), 'limit-expansion');
});
