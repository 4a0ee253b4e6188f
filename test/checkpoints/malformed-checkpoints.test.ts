import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CheckpointErrorCode, readCheckpoint } from '../../src/checkpoints';
import { temporaryFolder } from '../temporary-folder';
import { bounded } from './bounded';
import { goldenCheckpoint } from './golden';

/** Every hostile or damaged file, and what it is refused for. `malformed/README.json` says how each was made. */
const refused: Record<string, CheckpointErrorCode> = {
  'bomb_bad_opcode.pkl': 'pickle-opcode',
  'bomb_binbytes8.pkl': 'pickle-truncated',
  'bomb_binunicode.pkl': 'pickle-truncated',
  'bomb_frame.pkl': 'pickle-truncated',
  'bomb_laughs.pkl': 'limit-nodes',
  'bomb_long_binput.pkl': 'no-tensors',
  'bomb_memo_miss.pkl': 'pickle-memo',
  'bomb_no_stop.pkl': 'pickle-truncated',
  'bomb_persid.pkl': 'pickle-persistent',
  'bomb_proto.pkl': 'pickle-protocol',
  'bomb_stack_underflow.pkl': 'pickle-stack',
  'empty.pkl': 'unknown-format',
  'evil_eval.pkl': 'pickle-global',
  'evil_module_src.pkl': 'no-tensors',
  'evil_nested_load.pkl': 'pickle-global',
  'evil_os_system.pkl': 'pickle-global',
  'evil_proto_pollution.pkl': 'no-tensors',
  'evil_zip.pt': 'pickle-global',
  'offset_negative.pkl': 'tensor-shape',
  'offset_negative.pt': 'tensor-shape',
  'offset_out_of_bounds.pkl': 'tensor-bounds',
  'offset_out_of_bounds.pt': 'tensor-bounds',
  'shape_larger_than_storage.pkl': 'tensor-bounds',
  'shape_larger_than_storage.pt': 'tensor-bounds',
  'size_negative.pkl': 'tensor-shape',
  'size_negative.pt': 'tensor-shape',
  'size_overflow.pkl': 'tensor-shape',
  'size_overflow.pt': 'tensor-shape',
  'st_bad_dtype.safetensors': 'dtype',
  'st_duplicate_key.safetensors': 'duplicate-key',
  'st_header_huge.safetensors': 'header-too-large',
  'st_header_not_json.safetensors': 'header-start',
  'st_offsets_out_of_bounds.safetensors': 'offsets-out-of-bounds',
  'st_offsets_overlap.safetensors': 'offsets-overlap',
  'st_reversed_offsets.safetensors': 'offsets-reversed',
  'st_shape_mismatch.safetensors': 'size-mismatch',
  'storage_missing.pt': 'torch-storage',
  'storage_short.pt': 'torch-storage',
  'stride_negative.pkl': 'tensor-shape',
  'stride_negative.pt': 'tensor-shape',
  'stride_out_of_bounds.pkl': 'tensor-bounds',
  'stride_out_of_bounds.pt': 'tensor-bounds',
  'wrong_magic.pkl': 'unknown-format',
  'zip_deflate_bomb.pt': 'zip-compressed',
  'zip_path_traversal.pt': 'zip-entry',
};

const ACCEPTED = ['st_proto_key.safetensors']; // an odd name is no fault: see malformed.test.ts

/** A good file with one byte changed. */
const changed = (name: string, at: number, value: number): Buffer => {
  const bytes = readFileSync(goldenCheckpoint(name));
  bytes[at] = value;
  return bytes;
};

/** The same for files that are too large to keep: made from good ones, or from their rule. */
const made: [name: string, code: CheckpointErrorCode, bytes: () => Buffer][] = [
  ['a snapshot of which 60 % are there', 'pickle-truncated', () => goodSnapshot().subarray(0, 149377)],
  ['the magic number of a storage inside changed', 'torch-magic', () => changed('edm_ddpmpp.nosrc.pkl', 1192, 0x18)],
  ['the magic number of a legacy file changed', 'torch-magic', () => changed('state_dict.legacy.pt', 13, 0x18)],
  ["a zip's first header changed", 'unknown-format', () => changed('state_dict.pt', 2, 7)],
  ["the header of a zip's second file changed", 'zip', () => changed('state_dict.pt', secondHeader() + 2, 5)],
  ['a zip without its directory', 'zip', () => readFileSync(goldenCheckpoint('state_dict.pt')).subarray(0, 56405)],
  [
    '60,000 lists in one another',
    'limit-depth',
    () => Buffer.from(`\x80\x02${']'.repeat(6e4)}${'a'.repeat(59999)}.`, 'latin1'),
  ],
  ['60,000 tuples in one another', 'limit-depth', () => Buffer.from(`\x80\x02N${'\x85'.repeat(6e4)}.`, 'latin1')],
];

const goodSnapshot = (): Buffer => readFileSync(goldenCheckpoint('edm_ddpmpp.nosrc.pkl'));
const secondHeader = (): number => readFileSync(goldenCheckpoint('state_dict.pt')).indexOf('PK\x03\x04', 4, 'latin1');

const assertRefused = (path: string, name: string, code: CheckpointErrorCode): Promise<void> =>
  bounded(() => assert.rejects(readCheckpoint(path), { name: 'CheckpointError', code, message: new RegExp(name) }));

test('every malformed file is refused for its own fault, quickly, in little memory, without a side effect', async t => {
  const files = readdirSync(goldenCheckpoint('malformed')).filter(name => !name.endsWith('.json'));
  assert.deepEqual(files.filter(name => !ACCEPTED.includes(name)).sort(), Object.keys(refused).sort());
  const bait = join(tmpdir(), 'pwned'); // what the hostile files would create
  assert.equal(existsSync(bait), false);
  const prototype = Object.getOwnPropertyNames(Object.prototype).sort();
  for (const [name, code] of Object.entries(refused))
    await t.test(`${name}: ${code}`, () => assertRefused(goldenCheckpoint(`malformed/${name}`), name, code));
  const path = temporaryFolder()('made.pt');
  for (const [what, code, bytes] of made)
    await t.test(`${what}: ${code}`, async () => {
      writeFileSync(path, bytes());
      await assertRefused(path, 'made.pt', code);
    });
  assert.equal(existsSync(bait), false);
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), prototype);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});
