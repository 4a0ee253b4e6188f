import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import koffi from 'koffi';
import {
  Client,
  compileCached,
  DeviceError,
  DeviceLostError,
  DriverError,
  NoDeviceError,
  openDevice,
  OutOfDeviceMemoryError,
  PjrtError,
  PluginError,
} from '../../../../src/compute/xla/pjrt';
import { temporaryFolder } from '../../../temporary-folder';
import { sharedLibrary } from './compiled';

/** Two results that take the place of two donated arguments. */
const MOVE =
  '@main(%arg0: t {tf.aliasing_output = 0}, %arg1: t {tf.aliasing_output = 1}) -> (tensor<f32>, tensor<f32>) {\n';
const one = (word: string): string => `${word} @main() -> (tensor<f32>) {\n`;

describe('the client against a plugin that checks what it is given', () => {
  let plugin: string;
  let client: Client;
  let alive: () => string;
  const none = '0 buffers, 0 events, 0 errors, 0 programs, 1 clients';

  before(async () => {
    plugin = sharedLibrary(join(__dirname, 'mock-plugin.c'));
    client = await Client.open(plugin, { preallocate: false, memory_fraction: 0.25, allocator: 'bfc', node_id: 7n });
    alive = koffi.load(plugin).func('const char *MockAlive()') as () => string;
  });
  after(() => {
    client.dispose();
    assert.equal(alive(), none.replace('1 clients', '0 clients'));
  });

  test('what the plugin is and has', () => {
    assert.equal(client.interfaceVersion, '0.104');
    assert.deepEqual([client.platform, client.platformVersion, client.deviceCount], ['mock', 'mock 1', 4]);
    assert.deepEqual(client.deviceKinds.slice(0, 2), ['Mock device', 'Mock device too']);
    assert.deepEqual(client.memory(3), { inUse: 2 ** 20, peak: 2 * 2 ** 20, limit: 8 * 2 ** 20 });
    assert.throws(() => client.memory(4), /expected a device from 0 to 3, got 4/);
  });

  test('arrays go up, through a program and down', async () => {
    const program = await client.compile(MOVE, { donated: [0, 1] });
    assert.equal(program.outputs, 2);
    const values = Float32Array.from({ length: 6 }, (_, i) => i / 3);
    const large = new Float32Array(1e6).fill(2);
    const x = await client.upload(values, [2, 3]);
    const y = await client.upload(large, [1000, 1000]);
    assert.equal(x.byteLength, 24);
    const [a, b] = await program.run([x, y]);
    assert.deepEqual([x.isDisposed, y.isDisposed], [true, true]);
    assert.deepEqual(await a.read(new Float32Array(6)), values);
    assert.deepEqual(a.readSync(new Float32Array(6)), values);
    assert.deepEqual(await b.read(new Float32Array(1e6)), large);
    await assert.rejects(x.read(new Float32Array(6)), /disposed of or donated before/);
    await assert.rejects(program.run([x, y]), /disposed of or donated before/);
    const words = await client.upload(Int32Array.of(7), [], 'int32');
    assert.deepEqual(await words.read(new Int32Array(1)), Int32Array.of(7));
    for (const buffer of [a, b, words]) {
      buffer.dispose();
      buffer.dispose(); // once is enough, twice does no harm
    }
    program.dispose();
    assert.equal(alive(), none);
  });

  test('each device gets its own arguments', async () => {
    const program = await client.compile(MOVE, { donated: [0, 1], replicas: 3 });
    const inputs = await Promise.all(
      [0, 1, 2].map(d => Promise.all([5, 6].map(n => client.upload(Float32Array.of(10 * d + n), [], 'float32', d)))),
    );
    const outputs = await program.runOn(inputs);
    const values = await Promise.all(outputs.flat().map(async b => (await b.read(new Float32Array(1)))[0]));
    assert.deepEqual(values, [5, 6, 15, 16, 25, 26]);
    await assert.rejects(program.run(outputs[0]), /1 devices for 3 replicas/);
    for (const buffer of outputs.flat()) buffer.dispose();
    program.dispose();
    assert.equal(alive(), none);
  });

  test('a buffer that is in use is freed when that has ended', async () => {
    const x = await client.upload(Float32Array.of(3), []);
    const reading = x.read(new Float32Array(1));
    x.dispose();
    assert.deepEqual(await reading, Float32Array.of(3));
    assert.equal(alive(), none);
  });

  test('a thousand calls keep nothing, whatever the collector does', async () => {
    const program = await client.compile(MOVE, { donated: [0, 1] });
    let state = await Promise.all([1, 2].map(n => client.upload(Float32Array.of(n), [])));
    for (let i = 0; i < 1000; i++) {
      state = await program.run(state);
      if (i % 100 === 0) new Array(1e5).fill(0).map(() => ({})); // makes the collector run
      if (i % 50 === 0) assert.deepEqual(await state[1].read(new Float32Array(1)), Float32Array.of(2));
    }
    for (const buffer of state) buffer.dispose();
    program.dispose();
    assert.equal(alive(), none);
  });

  test('compilers get deep stacks, side by side, and the event loop goes on', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 2);
    const programs = await Promise.all(Array.from({ length: 6 }, () => client.compile(one(''))));
    clearInterval(timer);
    assert.ok(turns > 0, 'it stood still while the compilers worked');
    for (const program of programs) program.dispose();
  });

  test('memory, cost and the rewritten program are told', async () => {
    const program = await client.compile(one(''));
    const MiB = 2 ** 20;
    assert.deepEqual(program.memory, {
      arguments: 4 * MiB,
      results: 3 * MiB,
      aliased: 2 * MiB,
      temporary: MiB,
      code: 1024,
      total: 6 * MiB + 1024,
    });
    assert.deepEqual(program.cost(), { flops: 42, kernels: 7 });
    const { format, content } = program.optimised();
    assert.deepEqual([format, content.toString()], ['hlo', 'optimised']);
    program.dispose();
  });

  test('a program that is disposed of while it runs lives until its calls have ended', async () => {
    const program = await client.compile(MOVE, { donated: [0, 1] });
    const inputs = await Promise.all([1, 2].map(value => client.upload(new Float32Array([value]), [1])));
    const running = program.run(inputs);
    const bytes = program.serialize();
    program.dispose();
    assert.doesNotMatch(alive(), / 0 programs/);
    const results = await running;
    assert.deepEqual(await results[1].read(new Float32Array(1)), new Float32Array([2]));
    assert.ok((await bytes).length > 0);
    for (const result of results) result.dispose();
    assert.equal(alive(), none);
    await assert.rejects(program.serialize(), /this program was disposed of before/);
    assert.throws(() => program.cost(), /this program was disposed of before/);
  });

  test('kernels are told, whatever becomes of the work', async () => {
    const program = await client.compile(MOVE, { donated: [0, 1] });
    const x = await client.upload(new Float32Array(2), [2]);
    const y = await client.upload(new Float32Array(2), [2]);
    const times = await client.kernelTimes(async () => {
      for (const result of await program.run([x, y])) result.dispose();
    });
    assert.deepEqual(times, [{ name: 'add_', calls: 1, ms: 0.002 }]);
    const failing = client.kernelTimes(() => Promise.reject(new Error('stopped')));
    await assert.rejects(failing, /^Error: stopped$/);
    await client.kernelTimes(async () => {
      await assert.rejects(
        client.kernelTimes(() => Promise.resolve()),
        (e: Error) => e instanceof PluginError && e.message.includes('failed (create): another profiler is at work'),
      );
    });
    program.dispose();
    assert.equal(alive(), none);
  });

  test('errors have names, and free what the plugin made for them', async () => {
    await assert.rejects(client.compile('bad module'), { name: 'PjrtError', code: 3, message: /cannot parse at 3:14/ });
    await assert.rejects(
      Client.open(plugin, { nothing: true }),
      (e: unknown) => e instanceof PjrtError && e.code === 5,
    );
    await assert.rejects(Client.open(plugin, { devices: 0n }), NoDeviceError);
    await assert.rejects(Client.open(plugin, { no_card: true }), NoDeviceError);
    await assert.rejects(Client.open(plugin, { old_driver: true }), DriverError);
    await assert.rejects(client.compile(one('too large')), OutOfDeviceMemoryError);
    const hungry = await client.compile(one('hungry'));
    const said = (needed: number): RegExp =>
      new RegExp(
        `needs ${needed} MiB: 7.0 MiB of the device's 8.0 MiB are free. About 16 times .*rounds.* batch 16 times`,
      );
    await assert.rejects(hungry.run([]), { name: 'OutOfDeviceMemoryError', message: said(101), parts: 16 });
    assert.throws(() => {
      hungry.requireRoom();
    }, said(105)); // with its arguments, which are not there yet
    hungry.requireRoom(100 * 2 ** 20); // what lies there already needs no room
    assert.equal(hungry.cost(), undefined);
    const lost = await client.compile(one('lost'));
    await assert.rejects(
      lost.run([]),
      (e: unknown) => e instanceof DeviceLostError && e.message.includes('last checkpoint'),
    );
    const later = await client.compile(one('fails later'));
    const [result] = await later.run([]);
    await assert.rejects(result.ready(), /the computation failed/);
    await assert.rejects(result.read(new Float32Array(1)), /the computation failed/);
    result.dispose();
    for (const program of [hungry, lost, later]) program.dispose();
    await assert.rejects(lost.run([]), /disposed of before/);
    await assert.rejects(client.upload(new Float32Array(5 * 2 ** 20), [5 * 2 ** 20]), OutOfDeviceMemoryError);
    await assert.rejects(client.upload(new Float32Array(5), [6]), /expected 24 bytes for float32 \[6\], got 20/);
    assert.equal(alive(), none);
  });

  test('out of memory: the smallest power of two of parts that fits, where the sizes are known', () => {
    const parts = (needed: number, inUse: number, limit: number): number | undefined =>
      new OutOfDeviceMemoryError('the program', needed * 2 ** 30, inUse * 2 ** 30, limit * 2 ** 30).parts;
    assert.deepEqual([parts(12, 4, 10), parts(12, 6, 10), parts(13, 6, 10), parts(100, 76, 80)], [2, 4, 4, 32]);
    assert.deepEqual(
      [parts(12, 10, 10), parts(12, 11, 10), parts(0, 1, 10), parts(12, 0, 0)],
      Array(4).fill(undefined),
    );
    const { message } = new OutOfDeviceMemoryError('the program', 0, 0, 0);
    assert.match(message, /needs more memory than there is. Take a smaller batch.*accumulation rounds.*bf16/);
  });

  test('a failed run consumes what was donated to it', async () => {
    const program = await client.compile(`hungry ${MOVE}`, { donated: [0] });
    const [x, y] = await Promise.all([1, 2].map(n => client.upload(Float32Array.of(n), [])));
    await assert.rejects(program.run([x, y]), OutOfDeviceMemoryError);
    assert.deepEqual([x.isDisposed, y.isDisposed], [true, false]);
    y.dispose();
    program.dispose();
    assert.equal(alive(), none);
  });

  test('files that are no plugins are named', async () => {
    await assert.rejects(openDevice({ plugin: '/nowhere/plugin.so' }), /\/nowhere\/plugin.so does not exist/);
    await assert.rejects(
      Client.open(__filename),
      (e: unknown) => e instanceof PluginError && e.message.includes(__filename),
    );
    const empty = temporaryFolder()('empty.c');
    writeFileSync(empty, 'int nothing;');
    await assert.rejects(Client.open(sharedLibrary(empty)), /is no PJRT plugin: it has no GetPjrtApi/);
    const later = sharedLibrary(join(__dirname, 'mock-plugin.c'), 'later.so', ['-DMAJOR=1']);
    await assert.rejects(Client.open(later), /speaks PJRT 1.104; this client speaks 0.x/);
    await assert.rejects(openDevice({ memoryFraction: 2 }), DeviceError);
  });

  test("CUDA's plugin gets its libraries, its assembler and its options by itself", async () => {
    const site = temporaryFolder()('site-packages');
    const place = (...parts: string[]): string => {
      mkdirSync(dirname(join(site, ...parts)), { recursive: true });
      return join(site, ...parts);
    };
    const cuda = place('jax_plugins', 'xla_cuda12', 'xla_cuda_plugin.so');
    copyFileSync(plugin, cuda);
    const source = join(site, 'library.c');
    writeFileSync(source, 'int nothing;');
    copyFileSync(sharedLibrary(source), place('nvidia', 'cudnn', 'lib', 'libcudnn.so.9'));
    writeFileSync(place('nvidia', 'cuda_nvcc', 'bin', 'ptxas'), '');
    const { XLA_FLAGS } = process.env;
    process.env.XLA_FLAGS = '--xla_gpu_autotune_level=1';
    try {
      // the plugin refuses options other than preallocate: false and a fraction of 0.25
      (await openDevice({ plugin: cuda, memoryFraction: 0.25 })).dispose();
      const expected = `--xla_gpu_autotune_level=1 --xla_gpu_cuda_data_dir=${join(site, 'nvidia', 'cuda_nvcc')}`;
      assert.equal(process.env.XLA_FLAGS, expected);
    } finally {
      if (XLA_FLAGS === undefined) delete process.env.XLA_FLAGS;
      else process.env.XLA_FLAGS = XLA_FLAGS;
    }
    writeFileSync(place('nvidia', 'cudnn', 'lib', 'libcudnn.so.10'), 'no library');
    rmSync(join(site, 'nvidia', 'cudnn', 'lib', 'libcudnn.so.9'));
    await assert.rejects(
      openDevice({ plugin: cuda }),
      /none of the NVIDIA libraries beside .* can be loaded: .*libcudnn.so.10/,
    );
  });

  test('an interrupt ends the process within a second, while the compiler works for a minute', async () => {
    const script = `
      const { Client } = require(${JSON.stringify(join(__dirname, '../../../../src/compute/xla/pjrt'))});
      process.on('SIGINT', () => process.exit(130));
      Client.open(${JSON.stringify(plugin)}).then(client => { console.log('compiling'); return client.compile(${JSON.stringify(one('slow'))}); });`;
    const codes: unknown[] = [];
    // another program may hold the processor for a second, but hardly three times
    while (codes.length < 3 && !codes.includes(130)) {
      const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      const late = setTimeout(() => child.kill('SIGKILL'), 1000);
      const [code] = (await once(child, 'exit')) as [number | null];
      clearTimeout(late);
      codes.push(code);
    }
    assert.ok(codes.includes(130), `it was ended after a second each time: ${codes.join()}`);
  });

  describe('programs on disk', () => {
    const cache = temporaryFolder()();
    const had = async (module = MOVE, options = {}): Promise<string> => {
      const { program, from, cacheProblem } = await compileCached(client, module, {
        cache,
        donated: [0, 1],
        ...options,
      });
      assert.deepEqual([program.outputs, program.donated], [2, [0, 1]]);
      const inputs = await Promise.all([1, 2].map(n => client.upload(Float32Array.of(n), [])));
      for (const buffer of await program.run(inputs)) buffer.dispose();
      program.dispose();
      assert.equal(alive(), none);
      return cacheProblem ? `${from}: ${cacheProblem}` : from;
    };
    const entries = (): string[] => readdirSync(cache).filter(name => name.endsWith('.program'));

    test('a second call compiles nothing; another module, option or XLA_FLAGS does', async () => {
      assert.equal(await had(), 'compiler');
      assert.equal(await had(), 'cache');
      assert.equal(await had(`// other\n${MOVE}`), 'compiler');
      assert.equal(await had(MOVE, { flags: { xla_gpu_autotune_level: 0 } }), 'compiler');
      process.env.XLA_FLAGS = '--xla_gpu_autotune_level=1';
      assert.equal(await had(), 'compiler');
      delete process.env.XLA_FLAGS;
      assert.equal(await had(MOVE, { cache: false }), 'compiler');
      assert.equal(entries().length, 4);
    });

    test('a damaged entry, or that of another program, is set aside and made again', async () => {
      for (const [change, why] of [
        [(b: Buffer) => b.fill(1, b.length - 4), /its checksum does not match/],
        [(b: Buffer) => b.subarray(0, 40), /the entry of another program|checksum/],
        [() => Buffer.alloc(0), /not an entry of this cache/],
        [
          (b: Buffer) => Buffer.concat([b.subarray(0, 16), Buffer.from('0'.repeat(64)), b.subarray(80)]),
          /the entry of another program/,
        ],
      ] as const) {
        for (const name of entries())
          writeFileSync(join(cache, name), change(Buffer.from(readFileSync(join(cache, name)))));
        assert.match(await had(), why);
        assert.equal(await had(), 'cache');
      }
      assert.ok(readdirSync(cache).some(name => name.endsWith('.damaged')));
    });

    test('the least used entries go where there are too many bytes', async () => {
      const bytes = Math.max(...entries().map(name => readFileSync(join(cache, name)).length)); // some are damaged
      assert.equal(await had(`// third\n${MOVE}`, { cacheBytes: 2 * bytes }), 'compiler');
      assert.equal(readdirSync(cache).length, 2);
      assert.equal(await had(`// third\n${MOVE}`), 'cache');
    });

    test('a folder that cannot be written costs nothing but the time', async () => {
      assert.match(await had(MOVE, { cache: join(__filename, 'below') }), /^compiler: .*(could not be kept|set aside)/);
    });
  });
});

test('without koffi the reason is told, and nothing else fails', () => {
  const script = `
    const Module = require('node:module');
    const load = Module._load;
    Module._load = (name, ...rest) => {
      if (name === 'koffi') throw Object.assign(new Error('absent'), { code: 'MODULE_NOT_FOUND' });
      return load(name, ...rest);
    };
    const { deviceProblem, openDevice } = require(${JSON.stringify(join(__dirname, '../../../../src/compute/xla/pjrt'))});
    deviceProblem().then(async problem => {
      console.log(problem);
      await openDevice().catch(error => console.log(error.name + ': ' + error.message));
    });`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '-e', script], { encoding: 'utf8' });
  assert.match(stdout, /^koffi is not installed.*\nForeignCallsError: .*koffi is not installed/, stderr);
});
