import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeCheckpoint, readCheckpoint } from '../../src/checkpoints';
import { memorySource } from '../../src/checkpoints/byte-source';
import { readPickle } from '../../src/checkpoints/pickle';
import { CHECKPOINT_RULES } from '../../src/checkpoints/allowed-globals';
import { pickleLimits } from '../../src/checkpoints/pickle-machine';
import { plainValue } from '../../src/checkpoints/plain-values';
import { temporaryFolder } from '../temporary-folder';
import { bytesOf, text } from './pickle-bytes';

const fixture = (name: string): string => join(__dirname, '..', 'fixtures', 'checkpoints', name);

const valueOf = (...pieces: Parameters<typeof bytesOf>): unknown => {
  const bytes = bytesOf('\x80\x04', ...pieces, '.');
  const range = { source: memorySource(bytes), start: 0, length: bytes.length };
  return JSON.parse(JSON.stringify(plainValue(readPickle(range, CHECKPOINT_RULES, pickleLimits(4096)).value)));
};

test('values beside the weights become plain values or text, and nothing is called', () => {
  const cases: [unknown, Parameters<typeof bytesOf>][] = [
    [{ class_name: 'argparse.Namespace', lr: 1 }, ['cargparse\nNamespace\n)\x81}', text('lr'), 'K\x01sb']],
    ['2.1.0', ['ctorch.torch_version\nTorchVersion\n', text('2.1.0'), '\x85\x81']],
    [{ a: 1 }, ['ccollections\ndefaultdict\ncbuiltins\nint\n\x85R', text('a'), 'K\x01s']],
    [{ x: 2 }, ['ccollections\nCounter\n}', text('x'), 'K\x02s\x85R']],
    [[1, 2], ['ccollections\ndeque\n)K\x05\x86R(K\x01K\x02e']],
    [
      '1.5-2j',
      ['cbuiltins\ncomplex\nG', Buffer.from('3ff8000000000000', 'hex'), 'J', Buffer.from('feffffff', 'hex'), '\x86R'],
    ],
    // pickle.dumps(datetime.datetime(2024, 3, 5, 6, 7, 8, 9)): the ten bytes of its state
    ['2024-03-05T06:07:08.000009', ['cdatetime\ndatetime\nC\x0a', Buffer.from('07e80305060708000009', 'hex'), '\x85R']],
    ['/data/cifar', ['cpathlib\nPosixPath\n', text('/'), text('data'), text('cifar'), '\x87R']],
    // numpy.float16(0.5) is 0x3800
    [0.5, ['cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n', text('f2'), '\x85RC\x02\x00\x38\x86R']],
    ['x', ['cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n', text('U1'), '\x85RC\x04x\x00\x00\x00\x86R']],
  ];
  for (const [expected, pieces] of cases) assert.deepEqual(valueOf(...pieces), expected);
});

test('parameters and tensors with attributes of their own are read as PyTorch reads them', async () => {
  for (const name of ['param-with-state.pt', 'from-type-v2.pt']) {
    const { tensors } = await readCheckpoint(fixture(name));
    assert.deepEqual(tensors.w.shape, [2, 3]);
    assert.deepEqual(Object.keys(tensors), ['w', 'b']);
  }
});

test('complex, sparse, quantised and 8-bit tensors are listed, do not hide the rest, and are refused by name when read', async () => {
  const cases = [
    ['complex.pt', 'a', 'C64', [2]],
    ['sparse.pt', 'a', 'sparse F32', [3, 3]],
    ['quant.pt', 'a', 'QUINT8', [3]],
    ['s-c64.safetensors', 'freqs', 'C64', undefined],
    ['s-f8.safetensors', 'w', 'F8_E4M3', undefined],
  ] as const;
  for (const [file, name, dtype, shape] of cases) {
    const { tensors } = await describeCheckpoint(fixture(file));
    assert.equal(tensors[name].dtype, dtype);
    if (shape) assert.deepEqual(tensors[name].shape, shape);
    assert.equal(Object.keys(tensors).length, 2);
    await assert.rejects(readCheckpoint(fixture(file)), (error: Error) =>
      error.message.includes(`tensor '${name}' is of ${dtype}`),
    );
  }
});

test('metadata of null means none, as in the format', async () => {
  const { tensors } = await readCheckpoint(fixture('s-metanull.safetensors'));
  assert.equal(Object.keys(tensors).length, 1);
});

test('a program of torch.jit.save, a pointer of Git LFS and a web page are named', async () => {
  await assert.rejects(readCheckpoint(fixture('script.pt')), /TorchScript program \(torch\.jit\.save\)/);
  const file = temporaryFolder()('weights.safetensors');
  await writeFile(file, 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n');
  await assert.rejects(readCheckpoint(file), /pointer of Git LFS/);
  await writeFile(file, '<!DOCTYPE html><html><body>not found</body></html>');
  await assert.rejects(readCheckpoint(file), /web page/);
});
