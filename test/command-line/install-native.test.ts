import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expectMachine, installNative } from '../../src/command-line/install-native';
import { expectWritable } from '../../src/command-line/native-place';
import { restoreEnvironment } from '../environment';
import { temporaryFolder } from '../temporary-folder';
import { cosim } from './commands';

const temporary = temporaryFolder();
const before = { ...process.env };
const HERE = process.platform === 'linux' && process.arch === 'x64' && Number(process.versions.node.split('.')[0]) < 23;
const SKIPPED = !HERE && 'only for Linux on x64 and Node 20 or 22';
let number = 0;

const write = (path: string, text: string, mode = 0o644): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const program = (path: string, text: string): string => write(path, `#!/bin/sh\n${text}`, 0o755);

/** A Python whose pip writes TensorFlow's wheel, unless it does something else; it notes what it was asked for. */
const python = (instead = ''): string => {
  const path = temporary(`python-${number++}`);
  return program(
    path,
    `if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit 0; fi
echo "$@" > "${path}.asked"
${instead}
while [ "$1" != --target ]; do shift; done
to="$2/tensorflow"
for part in tensorflow/c tensorflow/core/platform tsl xla/tsl/c; do mkdir -p "$to/include/$part"; done
echo library > "$to/libtensorflow_cc.so.2"
echo framework > "$to/libtensorflow_framework.so.2"`,
  );
};

const PACKAGE = `exports.getBackend = () => {
  for (const file of ['lib/napi-v8/tfjs_binding.node', 'deps/lib/libtensorflow.so'])
    if (!require('fs').readFileSync(__dirname + '/' + file, 'utf8')) throw new Error('empty');
  return 'tensorflow';
};`;

/** A project that has cosim, and the package with an earlier binding where npm kept it. */
const project = (kept: boolean): { from: string; scope: string; place: string } => {
  const folder = temporary(`project-${number++}`);
  const scope = join(folder, 'node_modules', '@tensorflow');
  const place = join(scope, 'tfjs-node-gpu');
  mkdirSync(join(scope, 'tfjs'), { recursive: true });
  if (kept) {
    write(join(place, 'package.json'), '{}');
    write(join(place, 'index.js'), PACKAGE);
    write(join(place, 'lib/napi-v8/tfjs_binding.node'), 'earlier');
  }
  return { from: join(folder, 'node_modules', 'cosim'), scope, place };
};

/** Programs that are found first. */
const onPath = (programs: Record<string, string>): string => {
  const folder = temporary(`bin-${number++}`);
  for (const [name, text] of Object.entries(programs)) program(join(folder, name), text);
  process.env.PATH = `${folder}:${before.PATH}`;
  return folder;
};

const COMPILER = '[ "$1" = --version ] || while [ $# -gt 0 ]; do [ "$1" = -o ] && echo compiled > "$2"; shift; done';

beforeEach(() => {
  const node = temporary(`node-${number++}`);
  write(join(node, 'include/node/node_api.h'), '');
  process.env.npm_config_nodedir = node;
  onPath({ 'g++': COMPILER });
});
afterEach(() => restoreEnvironment(before));

test('a machine that cannot have it is told what to do', () => {
  const machine = {
    platform: 'linux',
    arch: 'x64',
    execPath: '/opt/node/bin/node',
    versions: { node: '20.20.2' },
  } as const;
  expectMachine(machine);
  assert.throws(
    () => expectMachine({ ...machine, platform: 'darwin', arch: 'arm64' }),
    /Linux on x64, not darwin on arm64/,
  );
  assert.throws(
    () => expectMachine({ ...machine, versions: { node: '24.1.0' } }),
    /Node 24\.1\.0 .*: take Node 20 or 22/,
  );
  delete process.env.npm_config_nodedir;
  assert.throws(() => expectMachine(machine), /not in \/opt\/node\/include\/node: take a Node from nodejs\.org/);
});

test('the command says what it fetches, needs and where it goes, and asks', async () => {
  const { code, out, err } = await cosim('engine', 'install', 'native', '--python', python());
  assert.deepEqual([code, out], [130, '']);
  assert.match(err, /^native: tensorflow-cpu\nfrom: +PyPI, with pip, about 270 MB/);
  assert.match(err, /licence: Apache 2\.0\nneeds: +Linux on x64, g\+\+, Node 20 or 22 with its headers/);
  assert.match(err, /into: +\S+\/node_modules\/@tensorflow\/tfjs-node-gpu\n/);
  assert.match(err, /--yes fetches without asking/);
  assert.match((await cosim('engine', 'list')).out, /^native +(\S+tfjs-node-gpu|not made: .*engine install native)/m);
});

describe('the native backend', { skip: SKIPPED }, () => {
  test('is made in the place of the package, from the wheel that is known', async () => {
    const { from, scope, place } = project(true);
    const fetching = python();
    const lines: string[] = [];
    assert.equal(await installNative({ python: fetching, onLine: line => lines.push(line) }, from), place);
    assert.equal(readFileSync(join(place, 'lib/napi-v8/tfjs_binding.node'), 'utf8'), 'compiled\n');
    assert.equal(readFileSync(join(place, 'deps/lib/libtensorflow.so'), 'utf8'), 'library\n');
    assert.deepEqual(readdirSync(place).sort(), ['deps', 'index.js', 'lib', 'package.json']);
    assert.deepEqual(readdirSync(scope).sort(), ['tfjs', 'tfjs-node-gpu']);
    assert.match(readFileSync(`${fetching}.asked`, 'utf8'), /--require-hashes/);
    assert.ok(lines.includes('compiling the binding'));
  });

  test('has its package from npm, without its set-up, where npm left it out', async () => {
    const { from, scope, place } = project(false);
    const folder = onPath({
      'g++': COMPILER,
      npm: `echo "$@" > "$(dirname "$0")/asked"
gpu=node_modules/@tensorflow/tfjs-node-gpu
mkdir -p $gpu node_modules/@tensorflow/tfjs node_modules/progress
echo '{}' > $gpu/package.json
cat > $gpu/index.js <<'END'
${PACKAGE}
require('progress');
END
touch node_modules/progress/index.js`,
    });
    assert.equal(await installNative({ python: python() }, from), place);
    assert.deepEqual(readdirSync(place).sort(), ['deps', 'index.js', 'lib', 'node_modules', 'package.json']);
    assert.deepEqual(readdirSync(join(place, 'node_modules')), ['progress']);
    assert.deepEqual(readdirSync(scope).sort(), ['tfjs', 'tfjs-node-gpu']);
    assert.match(
      readFileSync(join(folder, 'asked'), 'utf8'),
      /^install @tensorflow\/tfjs-node-gpu@4\.22\.0 .*--ignore-scripts/,
    );
  });

  const unchanged = async (how: Parameters<typeof installNative>[0], message: RegExp): Promise<void> => {
    const { from, scope, place } = project(true);
    await assert.rejects(installNative(how, from), message);
    assert.equal(readFileSync(join(place, 'lib/napi-v8/tfjs_binding.node'), 'utf8'), 'earlier');
    assert.deepEqual(readdirSync(scope).sort(), ['tfjs', 'tfjs-node-gpu']);
    assert.equal(existsSync(join(place, 'deps')), false);
  };

  test('that cannot be made leaves what was there, and says why', async () => {
    await unchanged({ python: python('echo "ERROR: No space left on device" >&2; exit 1') }, /No space left on device/);
    await unchanged({ python: '/nowhere/python' }, /install Python 3 with its venv/);
    onPath({ 'g++': '[ "$1" = --version ] || { echo "fatal error: c_api.h" >&2; exit 1; }' });
    await unchanged({ python: python() }, /fatal error: c_api\.h/);
    onPath({ 'g++': `${COMPILER}; [ "$1" = --version ] || : > lib/napi-v8/tfjs_binding.node` });
    await unchanged({ python: python() }, /empty/);
    process.env.PATH = '/nowhere';
    await unchanged(
      { python: python() },
      /g\+\+ is not on the PATH: install it \(Debian, Ubuntu: apt-get install g\+\+\)/,
    );
  });

  test('that is stopped leaves what was there', async () => {
    const stop = new AbortController();
    const onLine = (line: string): void => {
      if (line === 'Downloading') stop.abort(new Error('stopped'));
    };
    await unchanged({ python: python('echo Downloading; exec sleep 60'), onLine, signal: stop.signal }, /stopped/);
  });

  test('is refused where nothing can be written', () => {
    const { scope } = project(true); // as root writes everywhere: a folder that is gone
    assert.throws(() => expectWritable(`${scope}-gone`), /-gone cannot be written: .*folder of your own/);
  });
});
