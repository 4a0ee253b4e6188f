'use strict';
var __importDefault =
  (this && this.__importDefault) ||
  function (mod) {
    return mod && mod.__esModule ? mod : { default: mod };
  };
Object.defineProperty(exports, '__esModule', { value: true });
const strict_1 = __importDefault(require('node:assert/strict'));
const node_fs_1 = require('node:fs');
const node_os_1 = require('node:os');
const node_path_1 = require('node:path');
const node_test_1 = require('node:test');
const fast_check_1 = __importDefault(require('fast-check'));
const checkpoints_1 = require('../../src/checkpoints');
const bytes = ({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
/** A host tensor of any type, of rank 0 to 5, sizes 0 to 3, with random bits (NaNs of every kind included). */
const anyTensor = fast_check_1.default
  .tuple(
    fast_check_1.default.constantFrom(...Object.keys(checkpoints_1.ARRAYS)),
    fast_check_1.default.array(fast_check_1.default.integer({ min: 0, max: 3 }), { maxLength: 5 }),
  )
  .chain(([dtype, shape]) => {
    const count = shape.reduce((a, b) => a * b, 1) * checkpoints_1.ARRAYS[dtype].BYTES_PER_ELEMENT;
    return fast_check_1.default.uint8Array({ minLength: count, maxLength: count }).map(raw => {
      return { dtype, shape, data: new checkpoints_1.ARRAYS[dtype](raw.slice().buffer) };
    });
  });
const anyName = fast_check_1.default
  .oneof(
    fast_check_1.default.string({ unit: 'grapheme' }),
    fast_check_1.default.string(),
    fast_check_1.default.constantFrom('__proto__', 'constructor', '7', 'größe/重み'),
  )
  .filter(name => name !== '__metadata__');
const anyFile = fast_check_1.default.uniqueArray(fast_check_1.default.tuple(anyName, anyTensor), {
  selector: ([name]) => name,
  maxLength: 6,
});
const anyMetadata = fast_check_1.default.dictionary(
  fast_check_1.default.string({ unit: 'grapheme' }),
  fast_check_1.default.string({ unit: 'grapheme' }),
);
(0, node_test_1.test)(
  'what is written is read back: every type, rank 0 to 5, empty sizes, any Unicode name',
  async () => {
    const folder = (0, node_fs_1.mkdtempSync)((0, node_path_1.join)((0, node_os_1.tmpdir)(), 'safetensors-'));
    const path = (0, node_path_1.join)(folder, 'file.safetensors');
    await fast_check_1.default.assert(
      fast_check_1.default.asyncProperty(anyFile, anyMetadata, async (list, metadata) => {
        const tensors = Object.fromEntries(list);
        await (0, checkpoints_1.writeSafetensors)(path, tensors, metadata);
        for (const read of [
          await (0, checkpoints_1.readSafetensors)(path),
          (0, checkpoints_1.parseSafetensors)((0, node_fs_1.readFileSync)(path)),
        ]) {
          strict_1.default.deepEqual(Object.keys(read.tensors).sort(), Object.keys(tensors).sort());
          strict_1.default.deepEqual({ ...read.metadata }, { ...metadata });
          for (const [name, { dtype, shape, data }] of list) {
            const again = read.tensors[name];
            strict_1.default.deepEqual([again.dtype, again.shape], [dtype, shape]);
            strict_1.default.equal(again.data.constructor, data.constructor);
            strict_1.default.ok(bytes(again).equals(bytes({ dtype, shape, data })));
          }
        }
      }),
      { numRuns: 200, seed: 1 },
    );
    (0, node_fs_1.rmSync)(folder, { recursive: true });
  },
);
(0, node_test_1.test)(
  'the same content gives the same bytes in whatever order it is given, and data is aligned',
  () => {
    fast_check_1.default.assert(
      fast_check_1.default.property(anyFile, anyMetadata, (list, metadata) => {
        const file = (0, checkpoints_1.serializeSafetensors)(Object.fromEntries(list), metadata);
        const reversed = Object.fromEntries(Object.entries(metadata).reverse());
        strict_1.default.ok(
          Buffer.from(file).equals(
            (0, checkpoints_1.serializeSafetensors)(Object.fromEntries([...list].reverse()), reversed),
          ),
        );
        const header = Number(Buffer.from(file).readBigUInt64LE(0));
        strict_1.default.equal(header % 8, 0);
        const entries = JSON.parse(Buffer.from(file.subarray(8, 8 + header)).toString());
        for (const [name, { dtype, data_offsets: offsets }] of Object.entries(entries))
          if (name !== '__metadata__')
            strict_1.default.equal(offsets[0] % checkpoints_1.ARRAYS[dtype].BYTES_PER_ELEMENT, 0);
      }),
      { seed: 2 },
    );
  },
);
(0, node_test_1.test)('a file is laid out byte for byte as the format says', () => {
  const file = (0, checkpoints_1.serializeSafetensors)(
    { w: { dtype: 'I16', shape: [2], data: Int16Array.of(1, -2) } },
    { by: 'me' },
  );
  const header = '{"__metadata__":{"by":"me"},"w":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}}';
  const length = Math.ceil(header.length / 8) * 8;
  const expected = [length, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(header.padEnd(length)), 1, 0, 0xfe, 0xff];
  strict_1.default.deepEqual([...file], expected);
});
(0, node_test_1.test)(
  'the writer refuses tensors whose dtype, shape and data disagree, and names that no file can hold',
  () => {
    const data = Float32Array.of(1, 2);
    const write = (name, tensor) => () => (0, checkpoints_1.serializeSafetensors)({ [name]: tensor });
    strict_1.default.throws(
      write('w', { dtype: 'F32', shape: [3], data }),
      /shape of 'w' must be sizes with the product 2/,
    );
    strict_1.default.throws(write('w', { dtype: 'F32', shape: [-1, -2], data }), /shape of 'w'/);
    strict_1.default.throws(write('w', { dtype: 'F64', shape: [2], data }), /data of 'w' must be a Float64Array/);
    strict_1.default.throws(write('w', { dtype: 'Q4', shape: [2], data }), /dtype of 'w' must be one of/);
    strict_1.default.throws(write('__metadata__', { dtype: 'F32', shape: [2], data }), /name must be/);
    strict_1.default.throws(write('\ud800', { dtype: 'F32', shape: [2], data }), /name must be/);
    strict_1.default.throws(() => (0, checkpoints_1.serializeSafetensors)({}, { n: 3 }), /metadata 'n' must be/);
  },
);
