import { shapeSize } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ARRAYS,
  type HostDtype,
  type HostTensor,
  parseSafetensors,
  readSafetensors,
  serializeSafetensors,
  writeSafetensors,
} from '../../src/checkpoints';
import { temporaryFolder } from '../temporary-folder';

const bytes = ({ data }: HostTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** A host tensor of any type, of rank 0 to 5, sizes 0 to 3, with random bits (NaNs of every kind included). */
const anyTensor = fc
  .tuple(
    fc.constantFrom(...(Object.keys(ARRAYS) as HostDtype[])),
    fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 5 }),
  )
  .chain(([dtype, shape]) => {
    const count = shapeSize(shape) * ARRAYS[dtype].BYTES_PER_ELEMENT;
    return fc.uint8Array({ minLength: count, maxLength: count }).map((raw): HostTensor => {
      return { dtype, shape, data: new ARRAYS[dtype](raw.slice().buffer) };
    });
  });

const anyName = fc
  .oneof(fc.string({ unit: 'grapheme' }), fc.string(), fc.constantFrom('__proto__', 'constructor', '7', 'größe/重み'))
  .filter(name => name !== '__metadata__');
const anyFile = fc.uniqueArray(fc.tuple(anyName, anyTensor), { selector: ([name]) => name, maxLength: 6 });
const anyMetadata = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }));

test('what is written is read back: every type, rank 0 to 5, empty sizes, any Unicode name', async () => {
  const path = temporaryFolder()('file.safetensors');
  await fc.assert(
    fc.asyncProperty(anyFile, anyMetadata, async (list, metadata) => {
      const tensors = Object.fromEntries(list);
      await writeSafetensors(path, tensors, metadata);
      for (const read of [await readSafetensors(path), parseSafetensors(readFileSync(path))]) {
        assert.deepEqual(Object.keys(read.tensors).sort(), Object.keys(tensors).sort());
        assert.deepEqual({ ...read.metadata }, { ...metadata });
        for (const [name, { dtype, shape, data }] of list) {
          const again = read.tensors[name];
          assert.deepEqual([again.dtype, again.shape], [dtype, shape]);
          assert.equal(again.data.constructor, data.constructor);
          assert.ok(bytes(again).equals(bytes({ dtype, shape, data })));
        }
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('the same content gives the same bytes in whatever order it is given, and data is aligned', () => {
  fc.assert(
    fc.property(anyFile, anyMetadata, (list, metadata) => {
      const file = serializeSafetensors(Object.fromEntries(list), metadata);
      const reversed = Object.fromEntries(Object.entries(metadata).reverse());
      assert.ok(Buffer.from(file).equals(serializeSafetensors(Object.fromEntries([...list].reverse()), reversed)));
      const header = Number(Buffer.from(file).readBigUInt64LE(0));
      assert.equal(header % 8, 0);
      type Entry = { dtype: HostDtype; data_offsets: [number, number] };
      const entries = JSON.parse(Buffer.from(file.subarray(8, 8 + header)).toString()) as Record<string, Entry>;
      for (const [name, { dtype, data_offsets: offsets }] of Object.entries(entries))
        if (name !== '__metadata__') assert.equal(offsets[0] % ARRAYS[dtype].BYTES_PER_ELEMENT, 0);
    }),
    { seed: 2 },
  );
});

test('a file is laid out byte for byte as the format says', () => {
  const file = serializeSafetensors({ w: { dtype: 'I16', shape: [2], data: Int16Array.of(1, -2) } }, { by: 'me' });
  const header = '{"__metadata__":{"by":"me"},"w":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}}';
  const length = Math.ceil(header.length / 8) * 8;
  const expected = [length, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(header.padEnd(length)), 1, 0, 0xfe, 0xff];
  assert.deepEqual([...file], expected);
});

test('the writer refuses tensors whose dtype, shape and data disagree, and names that no file can hold', () => {
  const data = Float32Array.of(1, 2);
  const write = (name: string, tensor: object) => () => serializeSafetensors({ [name]: tensor as HostTensor });
  assert.throws(write('w', { dtype: 'F32', shape: [3], data }), /shape of 'w' must be sizes with the product 2/);
  assert.throws(write('w', { dtype: 'F32', shape: [-1, -2], data }), /shape of 'w'/);
  assert.throws(write('w', { dtype: 'F64', shape: [2], data }), /data of 'w' must be a Float64Array/);
  assert.throws(write('w', { dtype: 'Q4', shape: [2], data }), /dtype of 'w' must be one of/);
  assert.throws(write('__metadata__', { dtype: 'F32', shape: [2], data }), /name must be/);
  assert.throws(write('\ud800', { dtype: 'F32', shape: [2], data }), /name must be/);
  assert.throws(() => serializeSafetensors({}, { n: 3 as unknown as string }), /metadata 'n' must be/);
});
