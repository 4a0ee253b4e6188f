import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { goldenCheckpoint } from './checkpoints/golden';
import { temporaryFolder } from './temporary-folder';

const root = join(__dirname, '..');

test('examples/sample_edm.ts turns a checkpoint into a picture: one row of 4 images of 8 pixels, twice as large', () => {
  const picture = temporaryFolder()('grid.png');
  const args = ['examples/sample_edm.ts', goldenCheckpoint('edm_ddpmpp.nosrc.pkl'), picture, '4', '3'];
  const env = { ...process.env, COSIM_BACKEND: 'wasm' };
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', ...args], {
    cwd: root,
    encoding: 'utf8',
    env,
  });
  assert.equal(status, 0, stderr);
  const png = readFileSync(picture);
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [8 * 16 + 7 * 4 + 48, 16 + 48]);
});

test('the example server answers a request for no address and goes on', async () => {
  const { serve } = await import('../examples/browser/serve.mjs');
  const { server, url } = await serve('no-model.onnx');
  try {
    const { port } = new URL(url);
    const answerTo = (path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        get({ port, path, host: '127.0.0.1' }, answer => {
          answer.resume();
          resolve(answer.statusCode);
        }).on('error', reject);
      });
    assert.deepEqual([await answerTo('//'), await answerTo('/')], [404, 200]);
  } finally {
    server.close();
  }
});
