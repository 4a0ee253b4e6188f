import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { beforeEach, test } from 'node:test';
import {
  commitFolder,
  expectWritableFile,
  lockFolder,
  makeFolder,
  newestFolder,
  prune,
  writeFileAtomic,
} from '../../src/checkpoints';
import { isListening } from '../../src/checkpoints/lifeline';
import { thisProcess } from '../../src/checkpoints/process-identity';
import { temporaryFolder } from '../temporary-folder';

const place = temporaryFolder();
let dir = '';
beforeEach(() => (dir = mkdtempSync(place('test-'))));

const write = (text: string) => (folder: string) => writeFile(join(folder, 'state'), text);
const read = (name: string) => readFileSync(join(dir, name, 'state'), 'utf8');
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

test('a file is replaced as a whole, and a failing write leaves the old one and nothing else', async () => {
  const path = join(dir, 'file');
  await writeFileAtomic(path, 'old');
  await writeFileAtomic(path, [Buffer.from('ne'), Buffer.from('w')]);
  assert.equal(readFileSync(path, 'utf8'), 'new');
  const failing = function* () {
    yield Buffer.from('half');
    throw new Error('disk full');
  };
  await assert.rejects(writeFileAtomic(path, failing()), /disk full/);
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.deepEqual(readdirSync(dir), ['file']);
});

test('a name as long as the system allows can be written, and a stream ends where nothing can be', async () => {
  const name = 'ü'.repeat(127); // 254 bytes
  const dead = `.${'ü'.repeat(95)}.${deadPid()}.00000000.new`;
  writeFileSync(join(dir, dead), 'left');
  await writeFileAtomic(join(dir, name), 'text');
  assert.deepEqual(readdirSync(dir), [name]);
  const stream = createReadStream(join(dir, name));
  await assert.rejects(writeFileAtomic(join(dir, 'no', 'folder'), stream), { code: 'ENOENT' });
  assert.ok(stream.destroyed);
});

test('a folder appears when it is complete, and not before', async () => {
  const committed = await commitFolder(dir, '0001', async folder => {
    assert.ok(!existsSync(join(dir, '0001')));
    await write('one')(folder);
  });
  assert.equal(committed, join(dir, '0001'));
  assert.equal(read('0001'), 'one');
  assert.deepEqual(readdirSync(dir), ['0001']);
});

test('a fill that fails leaves the earlier folders and nothing else', async () => {
  await commitFolder(dir, '0001', write('one'));
  for (const name of ['0001', '0002'])
    await assert.rejects(
      commitFolder(dir, name, async folder => {
        await write('half')(folder);
        throw new Error('disk full');
      }),
      /disk full/,
    );
  assert.equal(read('0001'), 'one');
  assert.deepEqual(readdirSync(dir), ['0001']);
});

test('a folder can be replaced', async () => {
  await commitFolder(dir, '0001', write('one'));
  await commitFolder(dir, '0001', write('again'));
  assert.equal(read('0001'), 'again');
  assert.deepEqual(readdirSync(dir), ['0001']);
});

test('a process that died while it replaced a folder has lost nothing', async () => {
  // What is on disk between the two renames of a replacement.
  mkdirSync(join(dir, `.0001.${deadPid()}.00000000.old`));
  await write('one')(join(dir, readdirSync(dir)[0]));
  mkdirSync(join(dir, `.0001.${deadPid()}.11111111.new`));
  assert.equal(await newestFolder(dir), join(dir, '0001'));
  assert.equal(read('0001'), 'one');
});

test('what a dead process left is removed by the next commit, what a living one fills is not', async () => {
  for (const kind of ['new', 'old', 'gone']) mkdirSync(join(dir, `.0001.${deadPid()}.00000000.${kind}`));
  const alive = `.0002.${process.pid}.00000000.new`;
  mkdirSync(join(dir, alive));
  await commitFolder(dir, '0001', write('one'));
  await commitFolder(dir, '0003', write('three'));
  assert.deepEqual(readdirSync(dir).sort(), [alive, '0001', '0003']);
});

test('the newest folder is the largest number, and pruning keeps the newest', async () => {
  assert.equal(await newestFolder(join(dir, 'absent')), undefined);
  assert.equal(await newestFolder(dir), undefined);
  for (const name of ['0002', '0010', '9', 'best']) await commitFolder(dir, name, write(name));
  assert.equal(await newestFolder(dir), join(dir, '0010'));
  await prune(dir, 2);
  assert.deepEqual(readdirSync(dir).sort(), ['0010', '9', 'best']);
  await assert.rejects(prune(dir, 0), /prune: keep must be an integer from 1, got 0/);
});

test('names that lead elsewhere or hide are refused', async () => {
  for (const name of ['', '.', '..', '../up', 'a/b', '.hidden'])
    await assert.rejects(commitFolder(dir, name, write('x')), /commitFolder: name must be/);
});

test('a locked folder is refused and the message names the process; once released it is free', async () => {
  const lock = await lockFolder(dir);
  await assert.rejects(lockFolder(dir), {
    code: 'locked',
    message: new RegExp(`in use by this process.*${process.pid}`),
  });
  await lock.release();
  await (await lockFolder(dir)).release();
  assert.deepEqual(readdirSync(dir), []);
  writeFileSync(join(dir, '.lock'), '1\n'); // a lock of an earlier version; process 1 always lives
  await assert.rejects(lockFolder(dir), { code: 'locked', message: /in use by process 1;/ });
});

test('the lock of a dead process is taken over, and so is a damaged one', async () => {
  for (const content of [`${deadPid()}\n`, '', 'damaged', '{"pid":"1"}', 'null']) {
    writeFileSync(join(dir, '.lock'), content);
    const lock = await lockFolder(dir);
    assert.equal((JSON.parse(readFileSync(join(dir, '.lock'), 'utf8')) as { pid: number }).pid, process.pid);
    await lock.release();
    assert.deepEqual(readdirSync(dir), []);
  }
});

/** The lock that this process writes, as another process would leave it. */
const lockWith = async (change: object): Promise<void> => {
  const lock = await lockFolder(dir);
  const own = JSON.parse(readFileSync(join(dir, '.lock'), 'utf8')) as object;
  await lock.release();
  writeFileSync(join(dir, '.lock'), JSON.stringify({ ...own, ...change }));
};

test('a lock whose process number lives again is taken over: the process that has it now started later', async () => {
  await lockWith({ started: '1', socket: '' });
  await (await lockFolder(dir)).release();
});

const onLinux = { skip: process.platform !== 'linux' && 'only Linux says what a process does' };

test('the lock of a process that has ended is taken over, though nobody has asked how it ended', onLinux, async () => {
  // Its parent becomes a cat, which never asks; it ends itself when that has happened.
  const parent = spawn('sh', ['-c', 'cat <&3 >&2 & echo $!; exec cat'], { stdio: ['pipe', 'pipe', 'ignore', 'pipe'] });
  try {
    const [line] = (await once(parent.stdout!, 'data')) as [Buffer];
    const pid = Number(line.toString());
    parent.stdin!.write('echoed');
    await once(parent.stdout!, 'data');
    (parent.stdio[3] as Writable).end();
    const status = (): string => readFileSync(`/proc/${pid}/stat`, 'utf8');
    while (!status().includes(') Z ')) await new Promise(resolve => setImmediate(resolve));
    await lockWith({ pid, started: status().replace(/^.*\)/s, '').trim().split(' ')[19], socket: '' });
    await (await lockFolder(dir)).release();
  } finally {
    parent.stdin!.end();
    await once(parent, 'close');
  }
});

test('a lock from before the last start of the machine is taken over', async () => {
  await lockWith({ boot: 'another', space: '00000000', socket: '' });
  await (await lockFolder(dir)).release();
});

test('the lock of another machine is respected, and of another container while its process lives', async () => {
  await lockWith({ host: 'elsewhere', boot: 'another', space: '00000000', socket: '' });
  await assert.rejects(lockFolder(dir), {
    code: 'locked',
    message: /another machine, elsewhere; if that one has ended/,
  });
  rmSync(join(dir, '.lock'));

  const socket = '.test.socket';
  const server = createServer();
  await new Promise<void>(resolve => server.listen(join(dir, socket), resolve));
  await lockWith({ pid: 1, space: '00000000', socket });
  await assert.rejects(lockFolder(dir), { code: 'locked', message: /process 1 of another container/ });
  await new Promise(resolve => server.close(resolve));
  await (await lockFolder(dir)).release();
  assert.deepEqual(readdirSync(dir), []);
});

test('the lock of another container is respected where its process cannot be asked', async () => {
  const folder = join(dir, 'x'.repeat(100)); // its socket's path is longer than one can connect to
  mkdirSync(folder);
  symlinkSync(folder, join(dir, 'short'));
  const socket = '.test.socket';
  const server = createServer().unref();
  await new Promise<void>(resolve => server.listen(join(dir, 'short', socket), resolve));
  await lockWith({ pid: 1, space: '00000000', socket });
  renameSync(join(dir, '.lock'), join(folder, '.lock'));
  await assert.rejects(lockFolder(folder), {
    code: 'locked',
    message: /another container .*; if it has ended, delete/,
  });
  await assert.rejects(lockFolder(join(dir, 'short')), {
    code: 'locked',
    message: /another container on this machine;/,
  });
  await new Promise(resolve => server.close(resolve));
  writeFileSync(join(folder, 'file'), '');
  assert.equal(await isListening(join(dir, 'short', 'file', socket)), undefined); // ENOTDIR says nothing of a process
});

test('a lock tells whether the folder is still its own', async () => {
  const lock = await lockFolder(dir);
  assert.equal(await lock.state(), 'held');
  writeFileSync(join(dir, '.lock'), '1');
  assert.equal(await lock.state(), 'taken');
  rmSync(dir, { recursive: true });
  assert.equal(await lock.state(), 'gone');
  await lock.release();
});

test('leftovers whose process number lives again are tidied up, and what it had set aside is put back', async () => {
  const { space } = thisProcess();
  const dead = space === '' ? `${deadPid()}` : `${process.pid}-1-${space}`;
  mkdirSync(join(dir, `.0001.${dead}.00000000.old`));
  mkdirSync(join(dir, `.0002.${dead}.00000000.new`));
  assert.equal(await newestFolder(dir), join(dir, '0001'));
  await commitFolder(dir, '0003', write('three'));
  assert.deepEqual(readdirSync(dir).sort(), ['0001', '0003']);
});

test('what a process of another container fills is left alone, but under the lock of the folder and after a day', async t => {
  const filled = '.0001.1-1-00000000.00000000.new';
  mkdirSync(join(dir, filled));
  await commitFolder(dir, '0002', write('two'));
  assert.deepEqual(readdirSync(dir).sort(), [filled, '0002']);
  const lock = await lockFolder(dir);
  await commitFolder(dir, '0002', write('two'));
  await lock.release();
  assert.deepEqual(readdirSync(dir), ['0002']);
  mkdirSync(join(dir, filled));
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2 * 86_400_000 });
  await commitFolder(dir, '0002', write('two'));
  assert.deepEqual(readdirSync(dir), ['0002']);
});

test('where nothing can be written the reason is said in words, before any work', async () => {
  writeFileSync(join(dir, 'file'), '');
  const unwritable = { code: 'unwritable', message: /cannot be made: a part of the path is a file \(ENOTDIR\)/ };
  await assert.rejects(makeFolder(join(dir, 'file', 'inner')), unwritable);
  await assert.rejects(lockFolder(join(dir, 'file', 'inner')), unwritable);
  const refused = (path: string, message: RegExp) => assert.rejects(expectWritableFile('--out', path), message);
  await refused(dir, /^ArgumentError: --out: .* cannot be written: it is a folder/);
  await refused(join(dir, 'absent', 'a.png'), /there is no folder .*absent/);
  await refused(join(dir, 'file', 'a.png'), /a part of the path is a file|is no folder/);
  await expectWritableFile('--out', join(dir, 'a.png'));
});
