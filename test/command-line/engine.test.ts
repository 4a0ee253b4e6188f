import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { runCommandLine } from '../../src/command-line';
import { cpuPlugin } from '../compute/xla/pjrt/cpu-plugin';
import { sharedLibrary } from '../compute/xla/pjrt/compiled';
import { restoreEnvironment } from '../environment';
import { temporaryFolder } from '../temporary-folder';
import { cosim } from './commands';

const temporary = temporaryFolder();
const before = { ...process.env };
let cache: string;
let number = 0;

beforeEach(() => {
  cache = temporary(`cache-${number++}`);
  process.env.COSIM_CACHE = cache;
  delete process.env.COSIM_PJRT_PLUGIN;
});
afterEach(() => {
  restoreEnvironment(before);
});

/** A Python whose pip writes a plugin's file, or fails; it notes what it was asked for. */
const python = (works: boolean): string => {
  const path = temporary(`python-${number++}`);
  writeFileSync(
    path,
    `#!/bin/sh
if [ "$2" = venv ]; then
  mkdir -p "$3/bin" "$3/lib/python3.12/site-packages"
  cp "$0" "$3/bin/python"
  exit 0
fi
echo "$@" > "${path}.asked"
echo "Collecting $6"
${works ? 'plugin="$(dirname "$0")/../lib/python3.12/site-packages/jax_plugins/xla_cuda13"; mkdir -p "$plugin"; touch "$plugin/xla_cuda_plugin.so"' : 'echo "ERROR: No space left on device" >&2; exit 1'}
`,
  );
  chmodSync(path, 0o755);
  return path;
};

test('install says what it fetches and asks; without an answer nothing is fetched', async () => {
  const nobody = await cosim('engine', 'install', 'cuda13', '--python', python(true));
  assert.equal(nobody.code, 130);
  assert.match(nobody.err, /PyPI, with pip, about 2\.5 GB/);
  assert.match(nobody.err, /licence: .*NVIDIA/);
  assert.match(nobody.err, /needs: .*driver 580/);
  assert.match(nobody.err, /--yes fetches without asking/);
  const questions: string[] = [];
  for (const answer of ['n', '']) {
    const code = await runCommandLine(['engine', 'install', 'cuda13', '--python', python(true)], {
      out: () => undefined,
      err: () => undefined,
      live: false,
      ask: question => {
        questions.push(question);
        return Promise.resolve(answer);
      },
    });
    assert.equal(code, 130);
  }
  assert.equal(questions.length, 2);
  const said: string[] = [];
  const interrupted = Object.assign(new Error('Aborted with Ctrl+C'), { name: 'AbortError', code: 'ABORT_ERR' });
  const terminal = { out: () => undefined, err: (text: string) => said.push(text), live: false };
  assert.equal(
    await runCommandLine(['engine', 'install', 'cuda13', '--python', python(true)], { ...terminal, ask: () => Promise.reject(interrupted) }), // prettier-ignore
    130,
  );
  assert.equal(said.at(-1), 'cosim: nothing was fetched\n');
  assert.equal(existsSync(cache), false);
});

test('install fetches pinned wheels into the cache, where list finds them', async () => {
  const from = python(true);
  const done = await cosim('engine', 'install', 'cuda13', '--yes', '--python', from);
  const plugin = join(cache, 'plugins/cuda13/lib/python3.12/site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so');
  assert.deepEqual([done.code, done.out], [0, `${plugin}\n`]);
  process.env.PATH = '/nowhere';
  const { code, out } = await cosim('engine', 'list');
  assert.equal(code, 0);
  assert.match(out, new RegExp(`cuda13 +cache +${plugin}`));
  const { plugins } = JSON.parse((await cosim('engine', 'list', '--json')).out) as { plugins: object[] };
  assert.deepEqual(
    plugins.map(found => ({ ...found, used: undefined })),
    [{ path: plugin, kind: 'cuda13', from: 'cache', used: undefined }],
  );
});

test('an installation that fails says why and leaves nothing', async () => {
  const { code, err } = await cosim('engine', 'install', 'cuda13', '--yes', '--python', python(false));
  assert.equal(code, 1);
  assert.match(err, /No space left on device/);
  assert.deepEqual(readdirSync(join(cache, 'plugins')), []);
  assert.match(
    (await cosim('engine', 'install', 'tpu', '--yes', '--python', '/nowhere/python')).err,
    /is not on the PATH/,
  );
});

test('check compares a step with the processor', async () => {
  process.env.COSIM_PJRT_PLUGIN = cpuPlugin();
  const { code, out, err } = await cosim('engine', 'check');
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /device +4 x cpu/);
  assert.match(out, /change differs by \d\.\de-[678]/);
  assert.match(out, /step +\d+\.\d\d ms/);
});

test('check names what is missing, and a plugin that dies', async () => {
  process.env.COSIM_PJRT_PLUGIN = '/nowhere/plugin.so';
  assert.match((await cosim('engine', 'check')).err, /the plugin \/nowhere\/plugin.so does not exist/);
  const source = temporary('dies.c');
  writeFileSync(source, '#include <stdlib.h>\nvoid *GetPjrtApi(void) { abort(); }');
  process.env.COSIM_PJRT_PLUGIN = sharedLibrary(source);
  const { code, err } = await cosim('engine', 'check');
  assert.equal(code, 1);
  assert.match(err, /the plugin died \(SIGABRT\)/);
});
