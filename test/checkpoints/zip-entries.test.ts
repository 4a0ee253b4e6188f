import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { bytesOf, little, refusal, text } from './pickle-bytes';

/** A file in a zip; what is not given follows from `data`. */
type File = {
  name: string;
  data: Uint8Array;
  localName?: string; // the name in the file's own header
  crc?: number;
  method?: number;
  flags?: number;
  size?: number; // the uncompressed size that is claimed
  offset?: number; // where the directory says that the file is
};

/** A zip file, all entries stored, with whatever the entries claim. */
const zip = (files: File[]): Buffer => {
  let at = 0;
  const [locals, directory]: Buffer[][] = [[], []];
  for (const { name, data, localName = name, method = 0, flags = 0, crc = crc32(data), ...file } of files) {
    const shared = (title: string): Buffer =>
      bytesOf(
        ...[little(20, 2), little(flags, 2), little(method, 2), little(0, 4), little(crc, 4), little(data.length, 4)],
        ...[little(file.size ?? data.length, 4), little(title.length, 2), little(0, 2)],
      );
    const local = bytesOf('PK\x03\x04', shared(localName), localName, data);
    locals.push(local);
    directory.push(
      bytesOf('PK\x01\x02', little(20, 2), shared(name), Buffer.alloc(10), little(file.offset ?? at, 4), name),
    );
    at += local.length;
  }
  const entries = Buffer.concat(directory);
  const counts = bytesOf(Buffer.alloc(4), little(files.length, 2), little(files.length, 2));
  return bytesOf(...locals, entries, 'PK\x05\x06', counts, little(entries.length, 4), little(at, 4), little(0, 2));
};

const weights = Buffer.from(Float32Array.of(1, 2).buffer);

/** data.pkl of {'w': a tensor of the two floats of storage `key`}. */
const pickle = (key = '0', count = 2): Buffer =>
  bytesOf(
    ...['\x80\x02}', text('w'), 'ctorch._utils\n_rebuild_tensor_v2\n((', text('storage'), 'ctorch\nFloatStorage\n'],
    ...[text(key), text('cpu'), 'K', count, 'tQK\x00K\x02\x85K\x01\x85\x89}tRs.'],
  );

const good: File[] = [
  { name: 'a/data.pkl', data: pickle() },
  { name: 'a/data/0', data: weights },
  { name: 'a/byteorder', data: Buffer.from('little') },
];
const [main, storage] = good;

const cases: [what: string, code: string, files: File[]][] = [
  ['a good file', 'accepted', good],
  ['a checksum of 0, which is none', 'accepted', [main, { ...storage, crc: 0 }]],
  ['further files in the folder', 'accepted', [...good, { name: 'a/version', data: Buffer.from('3\n') }]],
  ['no entries', 'torch-container', []],
  ['no data.pkl', 'torch-container', [storage]],
  ['two of them', 'torch-container', [...good, { name: 'b/data.pkl', data: pickle() }]],
  ['a data.pkl in no folder', 'torch-container', [{ ...main, name: 'data.pkl' }]],
  ['bytes after the pickle', 'torch-container', [{ ...main, data: bytesOf(pickle(), 'x') }, storage]],
  ['a storage that is not there', 'torch-storage', [{ ...main, data: pickle('1') }, storage]],
  ['a key that climbs out', 'torch-storage', [{ ...main, data: pickle('../data.pkl') }, storage]],
  ['a storage of another size', 'torch-storage', [{ ...main, data: pickle('0', 3) }, storage]],
  ['a big-endian machine', 'torch-byte-order', [main, storage, { name: 'a/byteorder', data: Buffer.from('big') }]],
  ['an entry twice', 'zip-entry', [...good, storage]],
  ['a file outside of the folder', 'zip-entry', [...good, { name: 'b/x', data: weights }]],
  ['an absolute name', 'zip-entry', [...good, { name: '/etc/passwd', data: weights }]],
  ['a name of a drive', 'zip-entry', [...good, { name: 'C:x', data: weights }]],
  ['a name that climbs up', 'zip-entry', [...good, { name: 'a/../../x', data: weights }]],
  ['a backslash', 'zip-entry', [...good, { name: 'a\\x', data: weights }]],
  ['encryption', 'zip-entry', [main, { ...storage, data: Buffer.alloc(20), flags: 1, size: 8 }]],
  ['compression', 'zip-compressed', [main, { ...storage, method: 8 }]],
  ['an unknown method', 'zip-compressed', [main, { ...storage, method: 99 }]],
  ['two sizes', 'zip', [main, { ...storage, size: 9 }]],
  ['two names', 'zip', [main, { ...storage, localName: 'a/data/1' }]],
  ['a file on top of another', 'zip-entry', [main, storage, { ...storage, name: 'a/data/0', offset: 0 }]],
  ['a place beyond the end', 'zip', [main, { ...storage, offset: 2 ** 31 }]],
  ['damaged weights', 'zip-checksum', [main, { ...storage, crc: 1 }]],
  ['a damaged pickle', 'zip-checksum', [{ ...main, crc: 1 }, storage]],
];

test('zip files are what PyTorch writes, entry by entry, or refused', async t => {
  for (const [what, code, files] of cases)
    await t.test(`${what}: ${code}`, async () => assert.equal(await refusal(zip(files)), code));
});

test('two directory entries for one place, and entries that reach into the directory, are refused', async () => {
  const bytes = zip([main, storage, { ...storage, name: 'a/data/1' }]);
  const place = bytes.lastIndexOf('a/data/1', undefined, 'latin1') - 4; // where the last entry says that it is
  bytes.writeUInt32LE(30 + main.name.length + main.data.length, place); // that of a/data/0
  assert.match(await refusal(bytes), /^zip/);
  const long = zip([main, { ...storage, data: Buffer.concat([weights, weights]) }]);
  const end = long.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const directory = long.readUInt32LE(end + 16);
  const cut = Buffer.concat([long.subarray(0, directory - 8), long.subarray(directory)]);
  cut.writeUInt32LE(directory - 8, end - 8 + 16);
  assert.equal(await refusal(cut), 'zip-entry');
});
