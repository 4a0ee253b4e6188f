import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNetwork } from '../../src/compute/onnx';
import { temporaryFolder } from '../temporary-folder';

/** A field of bytes of a protocol buffer, shorter than 128 bytes. */
const field = (number: number, content: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(content as Uint8Array);
  return Buffer.concat([Buffer.of(8 * number + 2, bytes.length), bytes]);
};
const number = (id: number, value: number): Buffer => Buffer.of(8 * id, value);
const pair = (key: string, value: string): Buffer => field(13, Buffer.concat([field(1, key), field(2, value)]));

/** A network of one tensor of three bytes. */
const network = (...content: Buffer[]): Buffer => {
  const tensor = Buffer.concat([number(1, 3), number(2, 2), field(8, 'w'), ...content]);
  return Buffer.concat([number(1, 8), field(7, Buffer.concat([field(2, 'g'), field(5, tensor)]))]);
};
const external = (location: string, offset = '0', length = '3'): Buffer =>
  network(pair('location', location), pair('offset', offset), pair('length', length), number(14, 1));

test('external data are read from beside the network, and give the bytes and hash of what is run', async t => {
  const place = temporaryFolder();
  const [path, before] = [place('net.onnx'), process.cwd()];
  const file = external('weights.bin', '2');
  await writeFile(path, file);
  await writeFile(place('weights.bin'), Buffer.of(0, 0, 7, 8, 9));
  const elsewhere = place('elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'weights.bin'), Buffer.of(1, 1, 1, 1, 1)); // a file of the same name where one works
  process.chdir(elsewhere);
  t.after(() => process.chdir(before));
  const { bytes, sha256 } = await readNetwork(path);
  assert.deepEqual(Buffer.from(bytes), network(field(9, Buffer.of(7, 8, 9))));
  assert.equal(
    sha256,
    createHash('sha256')
      .update(file)
      .update(Buffer.of(7, 8, 9))
      .digest('hex'),
  );
});

test('a network without external data is left as it is', async () => {
  const path = temporaryFolder()('net.onnx');
  const file = network(field(9, Buffer.of(7, 8, 9)));
  await writeFile(path, file);
  const { bytes, sha256 } = await readNetwork(path);
  assert.deepEqual(Buffer.from(bytes), file);
  assert.equal(sha256, createHash('sha256').update(file).digest('hex'));
});

test('external data outside of the folder, missing, or short are refused by name', async () => {
  const place = temporaryFolder();
  const path = place('inner', 'net.onnx');
  await mkdir(place('inner'));
  await writeFile(place('secret.bin'), 'SECRET');
  await writeFile(place('inner', 'short.bin'), 'ab');
  await symlink(place('secret.bin'), place('inner', 'link.bin'));
  const cases: [Buffer, RegExp][] = [
    [external('../secret.bin'), /'w' are in '\.\.\/secret\.bin', which is not a file in the network's folder/],
    [external('/etc/passwd'), /'\/etc\/passwd', which is not a file in the network's folder/],
    [external('link.bin'), /leads out of the network's folder/],
    [external('nope.bin'), /not beside the network/],
    [external('short.bin'), /bytes 0 to 3 are asked for, the file has 2/],
    [external('short.bin', '-1'), /begin or end at '-1'/],
    [external(''), /not a file in the network's folder/],
    [Buffer.of(0x3a, 0xff, 0x01, 0x00), /damaged/],
  ];
  for (const [file, message] of cases) {
    await writeFile(path, file);
    await assert.rejects(readNetwork(path), message);
  }
});

test('an operator that makes a tensor beyond any network is refused before it runs', async () => {
  const path = temporaryFolder()('net.onnx');
  const expand = (elements: bigint): Buffer => {
    const raw = Buffer.alloc(8);
    raw.writeBigInt64LE(elements);
    const shape = Buffer.concat([number(1, 1), number(2, 7), field(8, 'shape'), field(9, raw)]);
    const node = Buffer.concat([field(1, 'x'), field(1, 'shape'), field(2, 'y'), field(4, 'Expand')]);
    return field(7, Buffer.concat([field(1, node), field(5, shape)]));
  };
  await writeFile(path, expand(2n ** 31n));
  await assert.rejects(readNetwork(path), /Expand makes a tensor of \[2147483648\]/);
  await writeFile(path, expand(1000n));
  await readNetwork(path);
});
