import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryFolder } from '../temporary-folder';

const PROGRAM = `
  void (async () => {
    const { runtime } = require('./src/compute/onnx/runtime.ts');
    await runtime().InferenceSession.create(new Uint8Array(3)).catch(() => undefined); // no model: the library starts all the same
    console.log(process.env.ORT_DISABLE_TELEMETRY);
  })();
`;

test('ONNX Runtime is loaded so that it reports nothing and leaves no files of its telemetry', () => {
  const place = temporaryFolder();
  const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: place() };
  delete env.ORT_DISABLE_TELEMETRY;
  const said = execFileSync(process.execPath, ['--import', 'tsx', '-e', PROGRAM], { env, encoding: 'utf8' });
  assert.equal(said, '1\n');
  assert.deepEqual(
    readdirSync(place()).filter(name => !name.startsWith('tsx-')),
    [],
  );
});
