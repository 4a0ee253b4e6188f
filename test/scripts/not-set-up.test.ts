import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/project';
import { temporaryFolder } from '../temporary-folder';

test('without Jupyter a run of notebooks ends with the command to run, and leaves nothing', () => {
  const folder = temporaryFolder();
  for (const name of ['src', 'notebooks', 'node_modules', 'package.json', 'tsconfig.json'])
    symlinkSync(join(root, name), folder(name));
  cpSync(join(root, 'scripts'), folder('scripts'), { recursive: true });
  const temporary = temporaryFolder()();
  const { status, stderr, stdout, signal } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'scripts/notebooks.ts', 'run', '01'],
    { cwd: folder(), encoding: 'utf8', timeout: 60_000, env: { ...process.env, TMPDIR: temporary } },
  );
  assert.deepEqual([status, signal], [1, null], stdout + stderr);
  assert.match(stdout + stderr, /Jupyter is not set up here: run `node scripts\/setup\.mjs` first\./);
  assert.deepEqual(
    readdirSync(temporary).filter(name => name.startsWith('cosim-')),
    [],
  );
});
