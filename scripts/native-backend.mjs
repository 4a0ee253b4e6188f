// Makes the `native` backend: TensorFlow.js on libtensorflow, as @tensorflow/tfjs-node-gpu has it, whose own set-up fetches
// libraries that today's machines do not have. The library and its headers come from PyPI's wheel of TensorFlow for the
// processor (known by its checksum, Apache 2.0), the binding is compiled from the source in the npm package: one call of
// g++. Everything lies in node_modules. Linux on x64 with Python's pip, g++ and Node's headers. See docs/native-backend.md.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '2.21.0';
const SHA256 = '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c';
const PACKAGE = '@tensorflow/tfjs-node-gpu';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));

const run = (command, args, options = {}) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options });
  if (error?.code === 'ENOENT') throw new Error(`${command} is not on the PATH`);
  if (status !== 0) throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed`);
};

/** The npm package without its own set-up; npm leaves it out where that fails. */
const packageFolder = () => {
  const find = () => dirname(require.resolve(`${PACKAGE}/package.json`));
  try {
    return find();
  } catch {
    const version = require('../package.json').optionalDependencies[PACKAGE];
    run('npm', ['install', '--no-save', '--ignore-scripts', `${PACKAGE}@${version}`]);
    return find();
  }
};

/** libtensorflow and its headers in `deps`, as the binding looks for them. */
const fetchLibrary = folder => {
  const unfinished = join(folder, `deps.${process.pid}`);
  const wheel = join(unfinished, 'wheel');
  mkdirSync(join(unfinished, 'lib'), { recursive: true });
  const list = join(unfinished, 'requirements.txt');
  writeFileSync(list, `tensorflow-cpu==${VERSION} --hash=sha256:${SHA256}\n`);
  const only = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--python-version', '3.11'];
  run('python3', ['-m', 'pip', 'install', '--quiet', ...only, '--target', wheel, '-r', list], {
    env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  const from = join(wheel, 'tensorflow');
  for (const [file, short] of [
    ['libtensorflow_cc.so.2', 'libtensorflow.so'], // the C functions are in the library of the C++ ones
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  ]) {
    renameSync(join(from, file), join(unfinished, 'lib', file));
    symlinkSync(file, join(unfinished, 'lib', short));
  }
  for (const part of ['tensorflow/c', 'tensorflow/core/platform', 'tsl', 'xla/tsl/c'])
    cpSync(join(from, 'include', part), join(unfinished, 'include', part), { recursive: true });
  rmSync(wheel, { recursive: true });
  rmSync(join(folder, 'deps'), { recursive: true, force: true });
  renameSync(unfinished, join(folder, 'deps'));
};

const nodeHeaders = () => {
  const folder = join(dirname(process.execPath), '..', 'include', 'node');
  if (!existsSync(join(folder, 'node_api.h')))
    throw new Error(`Node's headers are not in ${folder}: a Node from nodejs.org has them`);
  return folder;
};

const compile = folder => {
  const target = join(folder, 'lib', 'napi-v8');
  mkdirSync(target, { recursive: true });
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map(name => join('binding', name));
  const how = ['-O2', '-shared', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8'];
  const paths = ['-I', nodeHeaders(), '-I', 'deps/include', '-I', '.', '-I', '..', '-L', 'deps/lib'];
  const libraries = ['-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'];
  const binding = join(target, 'tfjs_binding.node');
  run('g++', [...how, ...paths, ...sources, '-o', binding, ...libraries], { cwd: folder });
  return binding;
};

if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('only for Linux on x64');
const folder = packageFolder();
nodeHeaders();
if (!existsSync(join(folder, 'deps', 'lib', 'libtensorflow.so'))) fetchLibrary(folder);
console.log(compile(folder));
run(process.execPath, ['-e', `console.log(require('${PACKAGE}').getBackend())`], {
  env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
});
