/*
 * Makes the `native` backend: TensorFlow.js on libtensorflow, as @tensorflow/tfjs-node-gpu has it, whose own set-up fetches
 * libraries that today's machines do not have. The library and its headers come from PyPI's wheel of TensorFlow for the
 * processor, the binding is compiled from the source in the npm package.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InstallError, type InstallOptions, runProgram } from '../compute/xla/pjrt';
import { BINDING, expectWritable, nativePackage, nativePlace } from './native-place';

const WHEEL = 'tensorflow-cpu==2.21.0';
const SHA256 = '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c';

/** What one must know before it is made. */
export const NATIVE = {
  requirements: [WHEEL],
  megabytes: 270,
  licence: 'Apache 2.0',
  needs: 'Linux on x64, g++, Node 20 or 22 with its headers',
} as const;

/** A machine, as `process` tells of it. */
type Machine = Pick<NodeJS.Process, 'platform' | 'arch' | 'execPath'> & { versions: { node: string } };

/** Node's headers: where npm_config_nodedir says, else beside Node. */
const headersOf = ({ execPath }: Machine): string =>
  join(process.env.npm_config_nodedir ?? join(dirname(execPath), '..'), 'include', 'node');

/** @throws InstallError where it cannot be made or would not run, saying what to do */
export const expectMachine = (machine: Machine = process): void => {
  const { platform, arch, versions } = machine;
  if (platform !== 'linux' || arch !== 'x64')
    throw new InstallError(`the native backend is for Linux on x64, not ${platform} on ${arch}`);
  if (Number(versions.node.split('.')[0]) > 22)
    throw new InstallError(
      `${nativePackage()} calls a function that Node ${versions.node} does not have any more: take Node 20 or 22`,
    );
  const headers = headersOf(machine);
  if (!existsSync(join(headers, 'node_api.h')))
    throw new InstallError(
      `Node's headers are not in ${headers}: take a Node from nodejs.org, or name the folder above include/node by npm_config_nodedir`,
    );
};

const COMPILER = { whence: 'install it (Debian, Ubuntu: apt-get install g++)' };

/** The package without its own set-up: what is there, else from npm, with what it needs inside it. */
const takePackage = async (unfinished: string, place: string | undefined, options: InstallOptions): Promise<void> => {
  if (place !== undefined) {
    const from = await realpath(place); // a link, where pnpm put it
    const made = [join(from, 'deps'), join(from, 'lib')];
    await cp(from, unfinished, { recursive: true, filter: path => !made.includes(path) });
    return;
  }
  const npm = join(unfinished, 'npm');
  await mkdir(npm, { recursive: true });
  await writeFile(join(npm, 'package.json'), '{ "private": true }');
  const plain = ['--prefix', npm, '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  await runProgram('npm', ['install', nativePackage(), ...plain], {
    ...options,
    cwd: npm,
    whence: 'it comes with Node',
  });
  const modules = join(npm, 'node_modules');
  await cp(join(modules, '@tensorflow', 'tfjs-node-gpu'), unfinished, { recursive: true });
  for (const name of ['@tensorflow', '@types', '@webgpu', '.bin', '.package-lock.json'])
    // TensorFlow.js is that of cosim
    await rm(join(modules, name), { recursive: true, force: true });
  await cp(modules, join(unfinished, 'node_modules'), { recursive: true });
  await rm(npm, { recursive: true });
};

/** libtensorflow and its headers in `deps`, as the binding looks for them. */
const fetchLibrary = async (unfinished: string, options: InstallOptions): Promise<void> => {
  const { python = 'python3' } = options;
  const how = { ...options, whence: 'install Python 3 with its venv' };
  const [deps, fetched] = [join(unfinished, 'deps'), join(unfinished, 'fetched')];
  const [environment, wheel, list] = ['python', 'wheel', 'requirements.txt'].map(name => join(fetched, name));
  await mkdir(join(deps, 'lib'), { recursive: true });
  await mkdir(fetched);
  await writeFile(list, `${WHEEL} --hash=sha256:${SHA256}\n`);
  await runProgram(python, ['-m', 'venv', environment], how);
  const only = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--python-version', '3.11'];
  const pip = join(environment, 'bin', 'python');
  await runProgram(pip, ['-m', 'pip', 'install', ...only, '--target', wheel, '-r', list], how);
  const from = join(wheel, 'tensorflow');
  for (const [file, short] of [
    ['libtensorflow_cc.so.2', 'libtensorflow.so'], // the C functions are in the library of the C++ ones
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  ]) {
    await rename(join(from, file), join(deps, 'lib', file));
    await symlink(file, join(deps, 'lib', short));
  }
  for (const part of ['tensorflow/c', 'tensorflow/core/platform', 'tsl', 'xla/tsl/c'])
    await cp(join(from, 'include', part), join(deps, 'include', part), { recursive: true });
  await rm(fetched, { recursive: true });
};

const compile = async (unfinished: string, options: InstallOptions): Promise<void> => {
  await mkdir(dirname(join(unfinished, BINDING)), { recursive: true });
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map(name => join('binding', name));
  const how = ['-O2', '-shared', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8'];
  const paths = ['-I', headersOf(process), '-I', 'deps/include', '-I', '.', '-I', '..', '-L', 'deps/lib'];
  const libraries = ['-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'];
  options.onLine?.('compiling the binding');
  const args = [...how, ...paths, ...sources, '-o', BINDING, ...libraries];
  await runProgram('g++', args, { ...options, ...COMPILER, cwd: unfinished });
};

const TRY = `
try {
  const { getBackend } = require(process.argv[1]);
  if (getBackend() !== 'tensorflow') throw new Error('TensorFlow.js does not take it');
} catch ({ message }) {
  process.stderr.write(message);
  process.exitCode = 1;
}`;

/**
 * Makes the native backend in the place of its npm package, or of an earlier one.
 * @param from where cosim lies
 * @returns the package's folder
 * @throws InstallError saying what to do; what was there before is then untouched
 */
export const installNative = async (options: InstallOptions = {}, from?: string): Promise<string> => {
  expectMachine();
  const { place, there } = nativePlace(from);
  expectWritable(dirname(place));
  await runProgram('g++', ['--version'], { signal: options.signal, ...COMPILER });
  const unfinished = join(dirname(place), `.${basename(place)}.${process.pid}.new`);
  try {
    await rm(unfinished, { recursive: true, force: true });
    await takePackage(unfinished, there ? place : undefined, options);
    await fetchLibrary(unfinished, options);
    await compile(unfinished, options);
    await runProgram(process.execPath, ['-e', TRY, unfinished], { signal: options.signal, whence: '' });
    await rm(place, { recursive: true, force: true });
    await rename(unfinished, place);
    return place;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
};
