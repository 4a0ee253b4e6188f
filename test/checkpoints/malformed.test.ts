import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CheckpointError,
  type CheckpointErrorCode,
  parseSafetensors,
  readSafetensors,
  serializeSafetensors,
} from '../../src/checkpoints';
import { randomSource } from '../../src/compute/noise';
import { temporaryFolder } from '../temporary-folder';

const golden = join(__dirname, '../golden/ckpt');

/** A file with this header text (or bytes) and this many bytes of data; the length can be forged. */
const file = (header: string | Uint8Array, dataBytes = 0, length?: bigint): Buffer => {
  const text = Buffer.from(header);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([start, text, Buffer.alloc(dataBytes)]);
};

const entry = (offsets: string, { dtype = '"F32"', shape = '[2]' } = {}) =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
const w = entry('[0,8]');
const two = (a: string, b: string) => `{"a":${entry(a)},"b":${entry(b)}}`;

const cases: [what: string, code: CheckpointErrorCode, bytes: Buffer][] = [
  ['an empty file', 'file-short', Buffer.alloc(0)],
  ['a length cut off', 'file-short', Buffer.from([2, 0, 0, 0, 0, 0, 0])],
  ['no header', 'header-start', file('')],
  ['a header of 100,000,001 bytes', 'header-too-large', file('{}', 0, 100_000_001n)],
  ['a header of 2^63 bytes', 'header-too-large', file('{}', 0, 2n ** 63n)],
  ['a header of 2^64 - 1 bytes', 'header-too-large', file('{}', 0, 2n ** 64n - 1n)],
  ['a header one byte longer than the file', 'header-truncated', file('{}', 0, 3n)],
  ['a header cut off inside a tensor', 'header-truncated', file(`{"w":${w}}`, 8).subarray(0, 30)],
  ['a header that starts with a space', 'header-start', file(' {}')],
  ['a header that is a list', 'header-start', file('[]')],
  ['a header that is a string', 'header-start', file('"w"')],
  ['a byte order mark', 'header-start', file('\ufeff{}')],
  ['bytes that are not UTF-8', 'header-utf8', file(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
  ['an overlong UTF-8 sequence', 'header-utf8', file(Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]))],
  ['JSON cut off', 'header-json', file('{"w":')],
  ['two JSON values', 'header-json', file('{}{}')],
  ['a comma too many', 'header-json', file(`{"w":${w},}`, 8)],
  ['a comment', 'header-json', file(`{"w":${w}/**/}`, 8)],
  ['a length that ends inside the header', 'header-json', file(`{"w":${w}}`, 8, 20n)],
  ['padding by zero bytes', 'header-json', file(`{"w":${w}}\0\0`, 8)],
  ['padding by line ends', 'header-padding', file(`{"w":${w}} \n`, 8)],
  ['padding by tabs', 'header-padding', file(`{"w":${w}}\t`, 8)],
  ['a tensor twice', 'duplicate-key', file(`{"w":${w},"w":${w}}`, 8)],
  ['a tensor twice, once escaped', 'duplicate-key', file(`{"w":${w},"\\u0077":${w}}`, 8)],
  ['dtype twice', 'duplicate-key', file('{"w":{"dtype":"F64","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8)],
  ['two __metadata__', 'duplicate-key', file('{"__metadata__":{},"__metadata__":{}}')],
  ['a metadata key twice', 'duplicate-key', file('{"__metadata__":{"a":"1","a":"2"}}')],
  ['metadata that is a list', 'metadata', file('{"__metadata__":["a"]}')],
  ['metadata that is a string', 'metadata', file('{"__metadata__":"a"}')],
  ['a number in the metadata', 'metadata', file('{"__metadata__":{"a":1}}')],
  ['an object in the metadata', 'metadata', file('{"__metadata__":{"a":{}}}')],
  ['null in the metadata', 'metadata', file('{"__metadata__":{"a":null}}')],
  ['half a surrogate pair in the metadata', 'name', file('{"__metadata__":{"a":"\\ud800"}}')],
  ['half a surrogate pair in a name', 'name', file(`{"\\udc00":${w}}`, 8)],
  ['a tensor that is null', 'entry', file('{"w":null}')],
  ['a tensor that is a list', 'entry', file('{"w":["F32",[2],[0,8]]}', 8)],
  ['no dtype', 'entry', file('{"w":{"shape":[2],"data_offsets":[0,8]}}', 8)],
  ['no shape', 'entry', file('{"w":{"dtype":"F32","data_offsets":[0,8]}}', 8)],
  ['no offsets', 'entry', file('{"w":{"dtype":"F32","shape":[2]}}', 8)],
  ['a key that the format does not have', 'entry', file(`{"w":${w.replace('{', '{"strides":[1],')}}`, 8)],
  ['a __proto__ that brings its own fields', 'entry', file(`{"w":{"__proto__":${w}}}`, 8)],
  ['an unknown dtype', 'dtype', file(`{"w":${entry('[0,8]', { dtype: '"Q9"' })}}`, 8)],
  ['a dtype in lower case', 'dtype', file(`{"w":${entry('[0,8]', { dtype: '"f32"' })}}`, 8)],
  ['a dtype that is a number', 'dtype', file(`{"w":${entry('[0,8]', { dtype: '32' })}}`, 8)],
  ['a dtype that every object has', 'dtype', file(`{"w":${entry('[0,8]', { dtype: '"constructor"' })}}`, 8)],
  ['an 8-bit float', 'dtype', file(`{"w":${entry('[0,2]', { dtype: '"F8_E4M3"' })}}`, 2)],
  ['a shape that is a number', 'shape', file(`{"w":${entry('[0,8]', { shape: '2' })}}`, 8)],
  ['a shape of strings', 'shape', file(`{"w":${entry('[0,8]', { shape: '["2"]' })}}`, 8)],
  ['a shape of lists', 'shape', file(`{"w":${entry('[0,8]', { shape: '[[2]]' })}}`, 8)],
  ['more elements than can be counted', 'shape', file(`{"w":${entry('[0,8]', { shape: '[4294967296,4194304]' })}}`, 8)],
  ['a product that wraps round 2^64', 'shape', file(`{"w":${entry('[0,0]', { shape: '[4294967296,4294967296]' })}}`)],
  ['a negative size', 'number', file(`{"w":${entry('[0,8]', { shape: '[-2]' })}}`, 8)],
  ['two negative sizes', 'number', file(`{"w":${entry('[0,8]', { shape: '[-1,-2]' })}}`, 8)],
  ['a fractional size', 'number', file(`{"w":${entry('[0,8]', { shape: '[2.5]' })}}`, 8)],
  ['a size with a point', 'number', file(`{"w":${entry('[0,8]', { shape: '[2.0]' })}}`, 8)],
  ['a size with an exponent', 'number', file(`{"w":${entry('[0,8]', { shape: '[2e0]' })}}`, 8)],
  ['a size of minus zero', 'number', file(`{"w":${entry('[0,0]', { shape: '[-0]' })}}`)],
  ['a size beyond 2^53', 'number', file(`{"w":${entry('[0,8]', { shape: '[9007199254740993]' })}}`, 8)],
  ['an infinite size', 'number', file(`{"w":${entry('[0,8]', { shape: '[1e999]' })}}`, 8)],
  ['a negative offset', 'number', file(`{"w":${entry('[-8,0]')}}`, 8)],
  ['one offset', 'offsets', file(`{"w":${entry('[8]')}}`, 8)],
  ['three offsets', 'offsets', file(`{"w":${entry('[0,4,8]')}}`, 8)],
  ['offsets that are an object', 'offsets', file(`{"w":${entry('{"0":0,"1":8}')}}`, 8)],
  ['offsets that are strings', 'offsets', file(`{"w":${entry('["0","8"]')}}`, 8)],
  ['an end before the begin', 'offsets-reversed', file(`{"w":${entry('[8,0]')}}`, 8)],
  ['data cut off', 'offsets-out-of-bounds', file(`{"w":${w}}`, 7)],
  ['no data', 'offsets-out-of-bounds', file(`{"w":${w}}`)],
  ['an offset of 2^52', 'offsets-out-of-bounds', file(`{"w":${entry('[4503599627370496,4503599627370504]')}}`, 8)],
  ['two tensors on the same bytes', 'offsets-overlap', file(two('[0,8]', '[0,8]'), 16)],
  ['two tensors that share four bytes', 'offsets-overlap', file(two('[0,8]', '[4,12]'), 16)],
  ['bytes before the first tensor', 'offsets-gap', file(`{"w":${entry('[4,12]')}}`, 12)],
  ['bytes between two tensors', 'offsets-gap', file(two('[0,8]', '[12,20]'), 20)],
  ['bytes after the last tensor', 'trailing-bytes', file(`{"w":${w}}`, 9)],
  ['bytes without any tensor', 'trailing-bytes', file('{}', 1)],
  ['a shape larger than its bytes', 'size-mismatch', file(`{"w":${entry('[0,8]', { shape: '[3]' })}}`, 8)],
  ['a shape smaller than its bytes', 'size-mismatch', file(`{"w":${entry('[0,8]', { shape: '[1]' })}}`, 8)],
  ['a scalar of eight bytes', 'size-mismatch', file(`{"w":${entry('[0,8]', { shape: '[]' })}}`, 8)],
  ['an empty tensor with bytes', 'size-mismatch', file(`{"w":${entry('[0,8]', { shape: '[0]' })}}`, 8)],
];

const codeOf = (run: () => unknown): CheckpointErrorCode | 'accepted' => {
  try {
    run();
  } catch (error) {
    if (error instanceof CheckpointError) return error.code;
    throw error;
  }
  return 'accepted';
};

test('each rule of the format is enforced under its own code, from bytes and from a file', async t => {
  const path = temporaryFolder()('file.safetensors');
  for (const [what, code, bytes] of cases) {
    await t.test(`${what}: ${code}`, async () => {
      assert.equal(
        codeOf(() => parseSafetensors(bytes)),
        code,
      );
      writeFileSync(path, bytes);
      await assert.rejects(readSafetensors(path), { name: 'CheckpointError', code });
    });
  }
});

const goldenCases: [string, CheckpointErrorCode][] = [
  ['st_header_huge', 'header-too-large'],
  ['st_header_not_json', 'header-start'],
  ['st_offsets_out_of_bounds', 'offsets-out-of-bounds'],
  ['st_offsets_overlap', 'offsets-overlap'],
  ['st_shape_mismatch', 'size-mismatch'],
  ['st_bad_dtype', 'dtype'],
  ['st_reversed_offsets', 'offsets-reversed'],
  ['st_duplicate_key', 'duplicate-key'],
];

test('the malformed golden files are refused, each for its own fault', async t => {
  for (const [name, code] of goldenCases)
    await t.test(name, () =>
      assert.rejects(readSafetensors(join(golden, 'malformed', `${name}.safetensors`)), {
        name: 'CheckpointError',
        code,
      }),
    );
});

test('a tensor named __proto__ is an ordinary tensor and changes no prototype', async () => {
  const { tensors } = await readSafetensors(join(golden, 'malformed', 'st_proto_key.safetensors'));
  assert.deepEqual(Object.keys(tensors), ['__proto__']);
  assert.deepEqual([...tensors.__proto__.data], [0]);
  assert.equal(Object.getPrototypeOf(tensors), null);
  assert.equal(({} as Record<string, unknown>).dtype, undefined);
});

test('valid corner cases are accepted: no tensors, space padding, empty tensors at one offset, escaped names', () => {
  assert.deepEqual(Object.keys(parseSafetensors(file('{}')).tensors), []);
  assert.deepEqual(Object.keys(parseSafetensors(file(`{"w":${w}}   `, 8)).tensors), ['w']);
  const empty = { shape: '[0,3]' };
  const both = `{"a":${entry('[0,0]', empty)},"b":${w},"c":${entry('[8,8]', empty)},"d":${entry('[8,8]', empty)}}`;
  assert.deepEqual(Object.keys(parseSafetensors(file(both, 8)).tensors).sort(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(Object.keys(parseSafetensors(file(`{"\\"\\\\\\u00e9{[,:1.5":${w}}`, 8)).tensors), ['"\\é{[,:1.5']);
});

/** Damages a file: flips a bit, cuts it off, inserts or removes bytes, or sets the header's length. */
const mutate = (good: Buffer, random: ReturnType<typeof randomSource>): Buffer => {
  const bytes = Buffer.from(good);
  const header = 8 + Number(good.readBigUInt64LE(0));
  const at = random.uniform() < 0.8 ? random.integer(header) : random.integer(good.length);
  switch (random.integer(5)) {
    case 0:
      bytes[at] ^= 1 << random.integer(8);
      return bytes;
    case 1:
      bytes[at] = random.integer(256);
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.integer(bytes.length))]);
    default:
      bytes[random.integer(8)] = random.integer(256);
      return bytes;
  }
};

test('2,000 damaged files: each is refused by a CheckpointError or read to the last byte', { timeout: 300_000 }, () => {
  const random = randomSource({ seed: 3, stream: 'mutations' });
  const small = serializeSafetensors(
    {
      a: { dtype: 'F64', shape: [2], data: Float64Array.of(1, 2) },
      b: { dtype: 'U8', shape: [], data: Uint8Array.of(1) },
    },
    { made: 'for damage' },
  );
  const seeds = [
    Buffer.from(small),
    file(two('[0,8]', '[8,16]'), 16),
    readFileSync(join(golden, 'state_dict.safetensors')),
  ];
  let accepted = 0;
  for (let i = 0; i < 2000; i++) {
    const bytes = mutate(seeds[i % seeds.length], random);
    const code = codeOf(() => {
      const { tensors } = parseSafetensors(bytes);
      const data = Object.values(tensors).reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
      assert.equal(8 + Number(bytes.readBigUInt64LE(0)) + data, bytes.length);
    });
    accepted += code === 'accepted' ? 1 : 0;
  }
  assert.ok(accepted > 0 && accepted < 1000, `${accepted} accepted`);
});
