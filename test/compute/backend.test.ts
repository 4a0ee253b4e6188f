import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';

let asked: string | undefined;
beforeEach(() => {
  asked = process.env.COSIM_BACKEND;
  delete process.env.COSIM_BACKEND;
});
afterEach(() => {
  if (asked === undefined) delete process.env.COSIM_BACKEND;
  else process.env.COSIM_BACKEND = asked;
});

test('a backend asked for by option is taken and reported, and tensors live there', async () => {
  for (const backend of ['wasm', 'cpu'] as const) {
    const report = await selectBackend({ backend });
    assert.equal(report.name, backend);
    assert.equal(tf.getBackend(), backend);
    assert.deepEqual(
      report.tried.map(({ name, taken }) => [name, taken]),
      [[backend, true]],
    );
    assert.ok(report.tried[0].reason.length > 0);
  }
});

test('COSIM_BACKEND decides where there is no option; the option wins', async () => {
  process.env.COSIM_BACKEND = 'cpu';
  assert.equal((await selectBackend()).name, 'cpu');
  assert.equal((await selectBackend({ backend: 'wasm' })).name, 'wasm');
});

test('an unknown name is refused with the list of names, wherever it comes from', async () => {
  const message = {
    name: 'ArgumentError',
    message: /backend must be one of 'native', 'webgpu', 'wasm', 'cpu', got 'gpu'/,
  };
  await assert.rejects(selectBackend({ backend: 'gpu' as 'cpu' }), message);
  process.env.COSIM_BACKEND = 'gpu';
  await assert.rejects(selectBackend(), message);
  await assert.rejects(
    selectBackend({ backends: 'cpu' } as object),
    /unknown option 'backends'. Did you mean 'backend'/,
  );
});

test('without a wish the first that works is taken, with the reason for each that does not', async () => {
  const { name, tried } = await selectBackend();
  assert.deepEqual(
    tried.map(t => t.name),
    ['native', 'wasm', 'cpu'].slice(0, tried.length), // a graphics card does not make steps slower than the processor's
  );
  assert.deepEqual(
    tried.map(t => t.taken),
    tried.map((_, i) => i === tried.length - 1),
  );
  assert.equal(tried.at(-1)?.name, name);
  for (const { reason } of tried) assert.ok(reason.length > 0 && !reason.includes('\n'), reason);
});

test('selecting a backend again is harmless', async () => {
  await selectBackend({ backend: 'wasm' });
  await selectBackend({ backend: 'wasm' });
  assert.deepEqual([...(await tf.matMul([[1, 2]], [[3], [4]]).data())], [11]);
});

test("a user's uncaught error is all that reaches the terminal: no source of a module, no driver's lines", () => {
  const script = `require('tsx/cjs'); const { selectBackend } = require(${JSON.stringify(require.resolve('../../src/compute/backend'))});
    selectBackend().then(() => Promise.reject(new Error('of the user')));`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /Error: of the user/);
  assert.doesNotMatch(stderr, /vulkan|XDG_RUNTIME_DIR|tfjs-backend-wasm/i);
  assert.ok(stderr.length < 2000, `${stderr.length} characters`);
});
