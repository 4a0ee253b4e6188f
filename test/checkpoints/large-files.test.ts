import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { test } from 'node:test';
import { describeCheckpoint, readCheckpoint } from '../../src/checkpoints';
import { temporaryFolder } from '../temporary-folder';
import { bounded } from './bounded';
import { bytesOf, little, text } from './pickle-bytes';

const place = temporaryFolder();

const LARGE = 2 ** 29 + 1000; // floats: 2 GiB and a bit

/** A file of these pieces; a number stands for that many zero bytes, which take no room on the disk. */
const sparseFile = async (name: string, pieces: (Uint8Array | number)[]): Promise<string> => {
  const path = place(name);
  const file = await open(path, 'w');
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece !== 'number') await file.write(piece, 0, piece.length, at);
    at += typeof piece === 'number' ? piece : piece.length;
  }
  await file.truncate(at);
  await file.close();
  return path;
};

/** Pieces of a legacy container that holds one storage of `count` floats, of which all but the last four are zero. */
const storage = (count: number): (Uint8Array | number)[] => {
  const start = bytesOf(
    '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.',
    ...['\x80\x02}', text('little_endian'), '\x88s.\x80\x02(', text('storage'), 'ctorch\nFloatStorage\n', text('0')],
    ...[text('cpu'), 'J', little(count, 4), 'tQ.\x80\x02]', text('0'), 'a.', little(count, 8)],
  );
  return [start, 4 * count - 16, Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)];
};

const sizeOf = (pieces: (Uint8Array | number)[]): number =>
  pieces.reduce<number>((sum, piece) => sum + (typeof piece === 'number' ? piece : piece.length), 0);

/** Opcodes for {key: tensor of the last four numbers of a storage}. */
const entry = (key: string, count: number): (Uint8Array | number)[] => {
  const container = storage(count);
  return [
    bytesOf(text(key), '}', text('w'), 'ctorch._utils\n_rebuild_tensor_v2\n(ctorch.storage\n_load_from_bytes\n'),
    bytesOf('\x8e', little(sizeOf(container), 8)),
    ...container,
    bytesOf('\x85RJ', little(count - 4, 4), 'K\x02K\x02\x86K\x02K\x01\x86\x89}tRss'),
  ];
};

const ONE_TO_FOUR = { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };

test('a snapshot beyond 2 GiB is read by range: what is not asked for costs neither time nor memory', async () => {
  const pieces = [bytesOf('\x80\x04}'), ...entry('large', LARGE), ...entry('small', 4), bytesOf('.')];
  const path = await sparseFile('snapshot.pkl', pieces);
  await bounded(async () => {
    const { bytes, tensors } = await describeCheckpoint(path);
    assert.ok(bytes > 2 ** 31);
    assert.deepEqual(Object.keys(tensors), ['large.w', 'small.w']);
    assert.deepEqual((await readCheckpoint(path)).tensors['large.w'], ONE_TO_FOUR); // beyond byte 2^31
    assert.deepEqual((await readCheckpoint(path, { part: 'small' })).tensors.w, ONE_TO_FOUR);
  });
});

test('a legacy file beyond 2 GiB too', async () => {
  const [start, ...data] = storage(LARGE) as [Buffer, ...(Uint8Array | number)[]];
  // the object of the container becomes a tensor of the storage
  const at = start.indexOf('\x80\x02(', 0, 'latin1') + 2;
  const end = start.indexOf('tQ.', at, 'latin1') + 2;
  const tensor = bytesOf(
    '}',
    ...[text('w'), 'ctorch._utils\n_rebuild_tensor_v2\n(', start.subarray(at, end)],
    ...['J', little(LARGE - 4, 4), 'K\x02K\x02\x86K\x02K\x01\x86\x89}tRs'],
  );
  const path = await sparseFile('legacy.pt', [bytesOf(start.subarray(0, at), tensor, start.subarray(end)), ...data]);
  assert.deepEqual((await readCheckpoint(path)).tensors.w, ONE_TO_FOUR);
});
