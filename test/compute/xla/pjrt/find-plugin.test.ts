import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { findPlugin, findPlugins } from '../../../../src/compute/xla/pjrt';
import { driverProblem, hardwareHere, nvidiaDriver } from '../../../../src/compute/xla/pjrt/hardware';
import { cudaFolderOf, librariesOf, sitePackagesOf } from '../../../../src/compute/xla/pjrt/plugin-libraries';
import { temporaryFolder } from '../../../temporary-folder';
import { sharedLibrary } from './compiled';

const place = temporaryFolder();
const folder = (): string => mkdtempSync(place('folder-'));
const file = (...parts: string[]): string => {
  const path = join(...parts);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  return path;
};

describe('plugins are looked for', () => {
  const before = { ...process.env };
  let cache: string;
  let site: string;

  beforeEach(() => {
    cache = folder();
    site = join(folder(), 'lib', 'python3.12', 'site-packages');
    mkdirSync(site, { recursive: true });
    const bin = folder();
    const python = join(bin, 'python3');
    writeFileSync(python, `#!/bin/sh\necho '["/usr/lib/python3", "${site}"]'\n`);
    chmodSync(python, 0o755);
    Object.assign(process.env, { COSIM_CACHE: cache, PATH: `${bin}:/nowhere` });
    delete process.env.COSIM_PJRT_PLUGIN;
  });
  afterEach(() => {
    process.env = { ...before };
  });

  test('by COSIM_PJRT_PLUGIN, then in the cache, then in the Pythons on the PATH; newer CUDA first', async () => {
    assert.deepEqual(await findPlugins(), []);
    const tpu = file(site, 'libtpu', 'libtpu.so');
    const cuda12 = file(site, 'jax_plugins', 'xla_cuda12', 'xla_cuda_plugin.so');
    const cuda13 = file(site, 'jax_plugins', 'xla_cuda13', 'xla_cuda_plugin.so');
    const rocm = file(cache, 'plugins', 'rocm', 'lib', 'python3.11', 'site-packages', 'jax_plugins', 'xla_rocm7', 'xla_rocm_plugin.so'); // prettier-ignore
    process.env.COSIM_PJRT_PLUGIN = '/somewhere/pjrt_c_api_cpu_plugin.so';
    assert.deepEqual(await findPlugins(), [
      { path: '/somewhere/pjrt_c_api_cpu_plugin.so', kind: 'cpu', from: 'COSIM_PJRT_PLUGIN' },
      { path: rocm, kind: 'rocm', from: 'cache' },
      { path: cuda13, kind: 'cuda13', from: 'python' },
      { path: cuda12, kind: 'cuda12', from: 'python' },
      { path: tpu, kind: 'tpu', from: 'python' },
    ]);
  });

  test('the one to use is the named one, whatever the machine has', async () => {
    process.env.COSIM_PJRT_PLUGIN = file(folder(), 'plugin.so');
    assert.deepEqual(await findPlugin(), {
      path: process.env.COSIM_PJRT_PLUGIN,
      kind: 'named',
      from: 'COSIM_PJRT_PLUGIN',
    });
  });

  test('of two releases of CUDA the one that the driver can run, else the newer', async () => {
    const [newer, older] = ['cuda13', 'cuda12'].map(kind =>
      file(site, 'jax_plugins', `xla_${kind}`, 'xla_cuda_plugin.so'),
    );
    const chosen = async (driver: string): Promise<string | undefined> => (await findPlugin(['nvidia'], driver))?.path;
    assert.equal(await chosen('580.65.06'), newer);
    assert.equal(await chosen('550.54.14'), older);
    assert.equal(await chosen('470.82.01'), newer, 'none: its message says what the driver lacks');
    assert.equal(await findPlugin(['amd'], '580.65.06'), undefined);
  });

  test('a Python that fails or answers nonsense has none', async () => {
    for (const body of ['exit 1', 'echo nonsense']) {
      const bin = folder();
      writeFileSync(join(bin, 'python3'), `#!/bin/sh\n${body}\n`);
      chmodSync(join(bin, 'python3'), 0o755);
      process.env.PATH = bin;
      assert.deepEqual(await findPlugins(), []);
    }
  });

  test('the libraries of the wheels beside a plugin, and the folder of its assembler', () => {
    const plugin = file(site, 'jax_plugins', 'xla_cuda13', 'xla_cuda_plugin.so');
    const wanted = [
      file(site, 'nvidia', 'cu13', 'lib', 'libcublas.so.13'),
      file(site, 'nvidia', 'cu13', 'lib', 'libcudart.so.13'),
      file(site, 'nvidia', 'cudnn', 'lib', 'libcudnn.so.9'),
    ];
    file(site, 'nvidia', 'cu13', 'lib', 'libnvblas.so.13'); // replaces the BLAS of the process: not wanted
    file(site, 'nvidia', 'cu13', 'bin', 'ptxas');
    assert.equal(sitePackagesOf(plugin), site);
    assert.deepEqual(librariesOf(plugin), wanted);
    assert.equal(cudaFolderOf(plugin), join(site, 'nvidia', 'cu13'));
    assert.deepEqual(librariesOf('/opt/xla/plugin.so'), []);
  });
});

test('hardware and driver are read from the kernel', () => {
  const dev = folder();
  assert.deepEqual(hardwareHere(dev), []);
  for (const name of ['nvidia0', 'nvidiactl', 'kfd', 'accel0']) file(dev, name);
  assert.deepEqual(hardwareHere(dev), ['nvidia', 'amd', 'tpu']);
  assert.deepEqual(hardwareHere(join(dev, 'absent')), []);
  const version = join(folder(), 'version');
  assert.equal(nvidiaDriver(version), undefined);
  writeFileSync(
    version,
    'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  gcc\n',
  );
  assert.equal(nvidiaDriver(version), '535.104.05');
  writeFileSync(
    version,
    'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.03  Release Build\nGCC version:\n',
  );
  assert.equal(nvidiaDriver(version), '580.159.03');
  assert.equal(driverProblem('cuda13', '580.65.06'), undefined);
  assert.equal(driverProblem('cuda12', '525.60.13'), undefined);
  assert.match(driverProblem('cuda13', '535.104.05') ?? '', /at least 580, this machine has 535.*install cuda12/);
  assert.match(driverProblem('cuda12', '470.82.01') ?? '', /at least 525.*update the driver$/);
});

test('a library that lies where the loader does not look is found by its name once it was opened', () => {
  // top.so opens libmiddle.so.1 by name, as CUDA's plugin does; libmiddle.so.1 needs libdeep.so.1
  const sources = folder();
  writeFileSync(join(sources, 'deep.c'), 'int deep(void) { return 20; }');
  writeFileSync(join(sources, 'middle.c'), 'int deep(void); int middle(void) { return deep() + 3; }');
  writeFileSync(
    join(sources, 'top.c'),
    `#include <dlfcn.h>
    int top(void) {
      void* found = dlopen("libmiddle.so.1", RTLD_LAZY);
      return found ? ((int (*)(void))dlsym(found, "middle"))() : -1;
    }`,
  );
  const named = (name: string): string[] => [`-Wl,-soname,${name}`];
  const deep = sharedLibrary(join(sources, 'deep.c'), 'libdeep.so.1', named('libdeep.so.1'));
  const middle = sharedLibrary(join(sources, 'middle.c'), 'libmiddle.so.1', [
    ...named('libmiddle.so.1'),
    deep,
    '-Wl,--no-as-needed',
  ]);
  const top = sharedLibrary(join(sources, 'top.c'), 'top.so', ['-ldl']);
  const missing = join(folder(), 'libmissing.so.1');
  const script = `
    const { openLibraries, setVariable } = require(${JSON.stringify(join(__dirname, '../../../../src/compute/xla/pjrt/plugin-libraries'))});
    openLibraries([]); // koffi is configured before it loads anything
    const koffi = require('koffi');
    const top = koffi.load(${JSON.stringify(top)}).func('int top()');
    const first = top();
    const failed = openLibraries(${JSON.stringify([middle, missing, deep])});
    setVariable('COSIM_TEST', 'seen by C');
    const getenv = koffi.load(null).func('const char *getenv(const char *name)');
    console.log(JSON.stringify([first, top(), failed.map(f => f.path), failed[0].reason.includes('cannot open'), getenv('COSIM_TEST')]));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '-e', script], { encoding: 'utf8' });
  assert.equal(stdout, `${JSON.stringify([-1, 23, [missing], true, 'seen by C'])}\n`, stderr);
});
