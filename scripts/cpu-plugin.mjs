// Fetches XLA's PJRT plugin for the CPU into node_modules/.cache, for the tests of the XLA engine: 63 MB from PyPI, made by
// the OpenXLA authors (Apache 2.0), known by its checksum. Does nothing where it is there already. Linux with Python's pip.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '0.0.1';
const SHA256 = {
  x64: '55837b6b7b47daa717f2d9a5a03563ea0ceaa338d06a81a1e2d3f060d960decc',
  arm64: '8f613be6e891858f40d64f9799319502fff42689661944fc18a6ffd8210b30c9',
};

const folder = fileURLToPath(new URL(`../node_modules/.cache/cosim/xla-cpu-pjrt-${VERSION}`, import.meta.url));

/** Path of the plugin once it is fetched. */
export const cpuPlugin = join(folder, 'xla_plugins', 'xla_cpu_pjrt', 'xla_cpu_pjrt.so');

/** @returns whether the plugin is there now; pip says what is wrong where it is not. */
export const fetchCpuPlugin = () => {
  if (existsSync(cpuPlugin)) return true;
  const sha256 = SHA256[process.arch];
  if (process.platform !== 'linux' || sha256 === undefined) return false;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const list = join(unfinished, 'requirements.txt');
  writeFileSync(list, `xla-cpu-pjrt==${VERSION} --hash=sha256:${sha256}\n`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:', '--require-hashes'];
  const { status } = spawnSync('python3', [...pip, '--target', unfinished, '-r', list], {
    stdio: 'inherit',
    env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  if (status === 0 && !existsSync(cpuPlugin)) renameSync(unfinished, folder);
  rmSync(unfinished, { recursive: true, force: true });
  return existsSync(cpuPlugin);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = fetchCpuPlugin() ? 0 : 1;
